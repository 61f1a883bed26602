// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <system_error>
#include <utility>

#include <mioco/detail/socket_io.hpp>
#include <mioco/fd_handle.hpp>

namespace mioco {

class pipe_reader;
class pipe_writer;

/// How a pipe is made.
struct pipe_options {
    /// Bytes that it holds, as for `pipe_reader::set_capacity`. Unset: the system's default.
    std::optional<std::size_t> capacity_bytes = {};
};

/// A new pipe: what is written to the second comes out of the first. Does not block. Both ends are closed on exec.
std::pair<pipe_reader, pipe_writer> pipe(const pipe_options& options = {});
/// The same, with the error in `ec` and no ends returned.
std::pair<pipe_reader, pipe_writer> pipe(const pipe_options& options, std::error_code& ec);

}  // namespace mioco

namespace mioco::detail {

enum class pipe_end { read, write };
fd_ref pipe_adopt(int fd, pipe_end end, std::error_code* ec);
std::pair<fd_ref, fd_ref> pipe_open(const pipe_options& options, std::error_code* ec);
std::size_t pipe_capacity(const fd_ref& fd, std::error_code* ec);
std::size_t pipe_set_capacity(const fd_ref& fd, std::size_t bytes, std::error_code* ec);

}  // namespace mioco::detail

namespace mioco {

/// What both ends of a pipe can do with it.
template <class Self>
class pipe_handle : public fd_handle<Self> {
public:
    /// Bytes that the pipe holds when nobody reads.
    [[nodiscard]] std::size_t capacity() const { return detail::pipe_capacity(fd(), nullptr); }
    /// The same, with the error in `ec`.
    [[nodiscard]] std::size_t capacity(std::error_code& ec) const {
        return detail::pipe_capacity(fd(), &ec);
    }
    /// Has it hold at least so many bytes; returns how many. The kernel takes a power of two, one page at least. Throws
    /// `std::system_error`: `operation_not_permitted` above `fs.pipe-max-size`, `device_or_resource_busy` if it holds more now.
    std::size_t set_capacity(std::size_t bytes) {
        return detail::pipe_set_capacity(fd(), bytes, nullptr);
    }
    /// The same, with the error in `ec`.
    std::size_t set_capacity(std::size_t bytes, std::error_code& ec) {
        return detail::pipe_set_capacity(fd(), bytes, &ec);
    }

private:
    [[nodiscard]] const detail::fd_ref& fd() const noexcept {
        return detail::fd_access::of(static_cast<const Self&>(*this));
    }
};

/// The end of a pipe that is read from. A read of 0 bytes is the end: every writer has closed. Move-only; destroying it closes
/// it. Fibers and threads as for `net::tcp_stream`; see `net::reading` for what the calls do. In the original since 0.1.
class pipe_reader : public net::reading<pipe_reader, detail::file_transfer>,
                    public pipe_handle<pipe_reader> {
public:
    /// No pipe: every call gives `std::errc::bad_file_descriptor`.
    pipe_reader() noexcept = default;

    /// Takes over the reading end of a pipe or FIFO, such as a child's output, and sets it non-blocking: for all who share it, until
    /// `release`. Throws `std::system_error` (`invalid_argument`) if `fd` is none; it then stays the caller's.
    static pipe_reader adopt(int fd) {
        return pipe_reader(detail::pipe_adopt(fd, detail::pipe_end::read, nullptr));
    }
    /// The same, with the error in `ec` and no pipe returned.
    static pipe_reader adopt(int fd, std::error_code& ec) {
        return pipe_reader(detail::pipe_adopt(fd, detail::pipe_end::read, &ec));
    }

private:
    friend struct detail::fd_access;
    friend std::pair<pipe_reader, pipe_writer> pipe(const pipe_options& options);
    friend std::pair<pipe_reader, pipe_writer> pipe(const pipe_options& options,
                                                    std::error_code& ec);
    explicit pipe_reader(detail::fd_ref fd) noexcept : fd_(std::move(fd)) {}

    detail::fd_ref fd_;
};

/// The end of a pipe that is written to. What nobody can read any more is an error, `std::errc::broken_pipe`, and never SIGPIPE,
/// whatever the process does with that signal: where the kernel cannot leave it out, the thread blocks it during the
/// write. Move-only; destroying it closes it, which the reader sees as the end.
///
/// Up to `PIPE_BUF` bytes (4096) of one `write` stay together. Fibers and threads as for `net::tcp_stream`; see `net::writing` for
/// what the calls do. In the original since 0.1.
class pipe_writer : public net::writing<pipe_writer, detail::file_transfer>,
                    public pipe_handle<pipe_writer> {
public:
    /// No pipe: every call gives `std::errc::bad_file_descriptor`.
    pipe_writer() noexcept = default;

    /// Takes over the writing end of a pipe or FIFO, such as a child's input; all as `pipe_reader::adopt`.
    static pipe_writer adopt(int fd) {
        return pipe_writer(detail::pipe_adopt(fd, detail::pipe_end::write, nullptr));
    }
    /// The same, with the error in `ec` and no pipe returned.
    static pipe_writer adopt(int fd, std::error_code& ec) {
        return pipe_writer(detail::pipe_adopt(fd, detail::pipe_end::write, &ec));
    }

private:
    friend struct detail::fd_access;
    friend std::pair<pipe_reader, pipe_writer> pipe(const pipe_options& options);
    friend std::pair<pipe_reader, pipe_writer> pipe(const pipe_options& options,
                                                    std::error_code& ec);
    explicit pipe_writer(detail::fd_ref fd) noexcept : fd_(std::move(fd)) {}

    detail::fd_ref fd_;
};

}  // namespace mioco
