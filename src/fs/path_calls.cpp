// SPDX-License-Identifier: MPL-2.0
#include "fs/path_calls.hpp"

#include <cerrno>

#include "fs/pool_calls.hpp"

namespace mioco::detail::path_calls {

namespace {

bool has_zero(const std::string& text) { return text.find('\0') != std::string::npos; }

template <class Call>
int path_job(const path& what, Call call, offloading how = offloading::may_be_cancelled) {
    if (has_zero(what.native())) return -EINVAL;
    return static_cast<int>(repeated_on_pool(
        [&, text = what.c_str()](driver& io) noexcept { return call(io, text); }, how));
}

template <class Call>
int two_path_job(const path& one, const path& other, Call call) {
    if (has_zero(other.native())) return -EINVAL;
    return path_job(one, [&, second = other.c_str()](driver& io, const char* first) noexcept {
        return call(io, first, second);
    });
}

}  // namespace

int open(const path& what, int flags, unsigned mode) {
    return path_job(what, [=](driver& io, const char* text) noexcept {
        return io.open_file(text, flags, mode);
    });
}

int target_status(const path& what, struct stat& into) {
    return path_job(
        what, [&](driver& io, const char* text) noexcept { return io.target_status(text, into); });
}

int link_status(const path& what, struct stat& into) {
    return path_job(
        what, [&](driver& io, const char* text) noexcept { return io.file_status(text, into); });
}

int make_directory(const path& what, unsigned mode) {
    return path_job(
        what, [=](driver& io, const char* text) noexcept { return io.make_directory(text, mode); });
}

int remove(const path& what, bool is_directory) {
    return path_job(what, [=](driver& io, const char* text) noexcept {
        return io.remove_at(driver::working_directory, text, is_directory);
    });
}

int remove_certainly(const path& what) {
    return path_job(
        what, [](driver& io, const char* text) noexcept { return io.remove_file(text); },
        offloading::is_certain);
}

int rename(const path& from, const path& to) {
    return two_path_job(from, to, [](driver& io, const char* old, const char* fresh) noexcept {
        return io.rename(old, fresh);
    });
}

int make_link(const path& file, const path& what) {
    return two_path_job(file, what, [](driver& io, const char* old, const char* fresh) noexcept {
        return io.make_link(old, fresh);
    });
}

int make_symbolic_link(const path& target, const path& what) {
    return two_path_job(target, what, [](driver& io, const char* to, const char* fresh) noexcept {
        return io.make_symbolic_link(to, fresh);
    });
}

// What fills the room may have been cut.
int read_link(const path& what, std::string& into) {
    into.resize(256);
    for (;;) {
        const int size = path_job(what, [&](driver& io, const char* text) noexcept {
            return static_cast<int>(io.read_link(text, into));
        });
        if (size < 0) return size;
        const bool is_whole = static_cast<std::size_t>(size) < into.size();
        into.resize(is_whole ? static_cast<std::size_t>(size) : 2 * into.size());
        if (is_whole) return 0;
    }
}

int set_mode(const path& what, unsigned mode) {
    return path_job(what,
                    [=](driver& io, const char* text) noexcept { return io.set_mode(text, mode); });
}

int open_in(int directory, const std::string& name, int flags) {
    return static_cast<int>(repeated_on_pool(
        [&](driver& io) noexcept { return io.open_file_at(directory, name.c_str(), flags, 0); }));
}

int remove_in(int directory, const std::string& name, bool is_directory) {
    return static_cast<int>(repeated_on_pool(
        [&](driver& io) noexcept { return io.remove_at(directory, name.c_str(), is_directory); }));
}

int list(int directory, std::vector<directory_item>& into) {
    return static_cast<int>(
        repeated_on_pool([&](driver& io) noexcept { return io.read_directory(directory, into); }));
}

}  // namespace mioco::detail::path_calls
