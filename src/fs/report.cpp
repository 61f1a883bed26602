// SPDX-License-Identifier: MPL-2.0
#include "fs/report.hpp"

#include <cerrno>

#include <mioco/error.hpp>

#include "base/count_text.hpp"
#include "base/cure.hpp"
#include "fiber/interruption.hpp"

namespace mioco::detail {

namespace {

std::string quoted(const std::filesystem::path& path) { return "\"" + path.native() + "\""; }

std::error_code code_of_file(std::int64_t failure) {
    const auto number = static_cast<int>(-failure);
    return {failure == deadline_failure ? ETIMEDOUT : number, std::system_category()};
}

// An open file gets EBADF for what its mode does not allow, and any number when no file has it.
std::string cure_of_file(std::int64_t failure, int fd) {
    if (failure != -EBADF) return cure_of(static_cast<int>(failure));
    return fd >= 0 ? " (it is not open, or was not opened for that)" : "";
}

}  // namespace

// Of which file an error speaks: "\"/etc/passwd\"", or "descriptor 7".
std::string file_report::text() const {
    std::string text = std::string("mioco: ") + call + " of ";
    if (!path.empty() || other != nullptr) {
        text += quoted(path);
    } else if (fd >= 0) {
        text += "descriptor " + std::to_string(fd);
    } else {
        text += fd == no_descriptor ? "\"\"" : "no file";
    }
    return other == nullptr ? text : text + " to " + quoted(*other);
}

std::uint64_t file_report::fail(std::int64_t failure) const {
    if (ec == nullptr) {
        throw_if_cancel(failure);
        throw std::system_error(
            code_of_file(failure),
            text() + deadline_text(failure) + (why != nullptr ? why : cure_of_file(failure, fd)));
    }
    *ec = code_of_file(failure);
    return 0;
}

std::size_t file_report::fail_after(std::size_t done, std::int64_t last) const {
    if (ec == nullptr) throw_if_cancel(last);
    const std::error_code code =
        last < 0 ? code_of_file(last) : make_error_code(errc::end_of_stream);
    if (ec == nullptr)
        throw io_error(code,
                       text() + " after " + counted(done, "byte") + deadline_text(last) +
                           cure_of_file(last, fd),
                       done);
    *ec = code;
    return done;
}

}  // namespace mioco::detail
