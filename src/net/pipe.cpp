// SPDX-License-Identifier: MPL-2.0
#include <mioco/pipe.hpp>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>

#include "net/adopt.hpp"
#include "net/stream_io.hpp"

namespace mioco {

namespace detail {

struct file_transfer {
    static ssize_t receive(driver& io, bytes into, int fd) noexcept { return io.read(into, fd); }
    static ssize_t send(driver& io, const_bytes from, int fd) noexcept {
        return io.write(from, fd);
    }
    static ssize_t receive_here(worker& here, bytes into, int fd) noexcept {
        return receive(here.io(), into, fd);
    }
    static ssize_t send_first(const fd_object& fd, const_bytes from) {
        return attempt_first(
            fd, [from](driver& io, int number, worker*) { return send(io, from, number); });
    }
    static ssize_t receive_into(driver& io, int fd, std::span<const iovec> into) noexcept {
        return io.read_into(fd, into);
    }
    static ssize_t send_from(driver& io, int fd, std::span<const iovec> from) noexcept {
        return io.write_from(fd, from);
    }
};

template struct stream_calls<file_transfer>;

namespace {

int set_capacity(int fd, std::size_t bytes) noexcept {
    constexpr std::size_t most = std::numeric_limits<int>::max();
    return current_driver().set_pipe_capacity(fd, static_cast<int>(std::min(bytes, most)));
}

// 0, or a negative errno value.
int check_end(int fd, pipe_end end) noexcept {
    driver& io = current_driver();
    const int type = io.fd_type(fd);
    if (type < 0) return type;
    if (type != S_IFIFO) return -EINVAL;
    const int flags = io.status_flags(fd);
    if (flags < 0) return flags;
    const int other = end == pipe_end::read ? O_WRONLY : O_RDONLY;
    return (flags & O_ACCMODE) == other ? -EINVAL : 0;
}

}  // namespace

fd_ref pipe_adopt(int fd, pipe_end end, std::error_code* ec) {
    const std::string what = adopt_text(fd);
    if (refuse_foreign(fd, what, ec)) return {};
    if (const int failure = check_end(fd, end); failure < 0) {
        report(failure,
               what + ", which is no pipe's " + (end == pipe_end::read ? "reading" : "writing") +
                   " end",
               ec);
        return {};
    }
    fd_ref made = adopt_any(fd, what, ec);
    if (made.get() != nullptr) expect_parts(made);  // those of a writer with O_DIRECT
    return made;
}

std::pair<fd_ref, fd_ref> pipe_open(const pipe_options& options, std::error_code* ec) {
    int ends[2];
    int result = current_driver().open_pipe(ends);
    std::pair<fd_ref, fd_ref> made;
    if (result >= 0) {
        made = make_fd_pair(ends);
        if (options.capacity_bytes) result = set_capacity(ends[1], *options.capacity_bytes);
    }
    if (result < 0) made = {};
    report(result, "a new pipe", ec);
    return made;
}

std::size_t pipe_capacity(const fd_ref& fd, std::error_code* ec) {
    return finish(current_driver().pipe_capacity(fd_native(fd)), "capacity", ec);
}

std::size_t pipe_set_capacity(const fd_ref& fd, std::size_t bytes, std::error_code* ec) {
    return finish(set_capacity(fd_native(fd), bytes), "set_capacity", ec);
}

}  // namespace detail

std::pair<pipe_reader, pipe_writer> pipe(const pipe_options& options) {
    auto [reading, writing] = detail::pipe_open(options, nullptr);
    return {pipe_reader(std::move(reading)), pipe_writer(std::move(writing))};
}

std::pair<pipe_reader, pipe_writer> pipe(const pipe_options& options, std::error_code& ec) {
    auto [reading, writing] = detail::pipe_open(options, &ec);
    return {pipe_reader(std::move(reading)), pipe_writer(std::move(writing))};
}

}  // namespace mioco
