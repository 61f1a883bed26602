// SPDX-License-Identifier: MPL-2.0
#include <mioco/copy.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <mioco/error.hpp>
#include <mioco/net/leased_bytes.hpp>

#include "base/count_text.hpp"
#include "base/cure.hpp"
#include "io/wait_ready.hpp"
#include "net/copy_progress.hpp"
#include "net/copy_sockets.hpp"
#include "net/open_end.hpp"
#include "net/result.hpp"
#include "net/stream_io.hpp"
#include "offload/blocking_call.hpp"

namespace mioco::detail {

namespace {

constexpr std::size_t buffer_bytes = std::size_t{64} << 10;
// What one call of the kernel moves at most: a cancel is seen between two.
constexpr std::size_t most_at_once = std::size_t{1} << 20;
// Of what lies on the stack.
constexpr std::size_t one_part_bytes = 4096;

bool is_direct(const copy_end& end) noexcept {
    return end.open != nullptr && end.open->get() != nullptr &&
           end.open->get()->mode == call_mode::direct;
}

bool has_type(const copy_end& end, int type) noexcept {
    return is_direct(end) && current_driver().fd_type(fd_native(*end.open)) == type;
}

bool is_pipe(const copy_end& end) noexcept { return has_type(end, S_IFIFO); }
bool is_socket(const copy_end& end) noexcept { return has_type(end, S_IFSOCK); }

// A lease may have room for a part of a datagram only, and hold more than one may have.
bool is_stream_socket(const copy_end& end) noexcept {
    int type = 0;
    socklen_t size = sizeof type;
    return is_direct(end) &&
           current_driver().get_option(fd_native(*end.open), SOL_SOCKET, SO_TYPE, &type, &size) ==
               0 &&
           type == SOCK_STREAM;
}

// What has no room is told by an error that splice(2) does not have.
constexpr ssize_t no_room = -ENOBUFS;

// Once, waiting for `from` only. Its -EAGAIN does not tell who has to be waited for.
ssize_t splice_when_readable(fd_object& from, int to, std::size_t most) {
    return attempt_or_wait(
        from, side::read,
        [=](driver& io, int number, worker*) -> ssize_t {
            const ssize_t count = io.splice(number, to, most);
            if (count != -EAGAIN) return count;
            return io.ready_now(number, POLLIN | POLLRDHUP) == 0 ? -EAGAIN : no_room;
        },
        [](ssize_t) { return false; });
}

// From or to a pipe.
struct pipe_copy {
    const copy_end& source;
    const copy_end& target;
    open_end from = open_end(*source.open);
    open_end to = open_end(*target.open);
    int failure = 0;  // to be told next

    [[nodiscard]] bool is_either_gone() const noexcept { return from.is_gone() || to.is_gone(); }
};

// By reading and writing, which gets on where splice(2) does not: it stops at urgent data's mark, and takes it for the end if there is
// no more to come. 0 is the end. A failure that comes after a part was written is told the next time.
ssize_t move_one_part(pipe_copy& ends) {
    if (ends.is_either_gone()) return -EBADF;
    std::byte buffer[one_part_bytes];
    std::error_code ec;
    const std::size_t size = ends.source.read(ends.source.object, {buffer, one_part_bytes}, ec);
    if (ec) return -ec.value();
    if (size == 0) return ends.from.is_gone() ? -EBADF : 0;
    if (ends.to.is_gone()) return -EBADF;
    const std::size_t written = ends.target.write_all(ends.target.object, {buffer, size}, ec);
    ends.failure = -ec.value();
    return written > 0 ? static_cast<ssize_t>(written) : ends.failure;
}

ssize_t splice_once(pipe_copy& ends) {
    if (ends.failure < 0) return ends.failure;
    if (ends.is_either_gone()) return -EBADF;
    fd_object& from = ends.from.object();
    ssize_t count = splice_when_readable(from, ends.to.number(), most_at_once);
    if (count == no_room) {
        if (const ssize_t failure = ends.to.wait_for_room(); failure < 0) return failure;
        count = splice_when_readable(from, ends.to.number(), most_at_once);
    }
    if (count == 0 || count == no_room) return move_one_part(ends);
    return count < 0 && ends.to.is_gone() ? -EBADF : count;
}

// Adds what `once()` moves until it finds the end. Nothing, if the very first call is refused.
template <class Once>
std::optional<copy_progress> repeat(Once once) {
    copy_progress made;
    for (;;) {
        const ssize_t count = once();
        if (is_splice_refused(count) && made.count == 0) return std::nullopt;
        if (count < 0) made.fail(static_cast<int>(count));
        if (count <= 0) return made;
        made.count += static_cast<std::uint64_t>(count);
    }
}

std::optional<copy_progress> splice_all(const copy_end& from, const copy_end& to) {
    return repeat([ends = pipe_copy{from, to}]() mutable { return splice_once(ends); });
}

// Before 6.5 a kernel that was asked for more than the file has left keeps its tail back on a socket, as more may follow.
std::size_t next_part_of(driver& io, int file) noexcept {
    const std::int64_t position = io.seek(file, 0, SEEK_CUR);
    const std::int64_t left = position < 0 ? 0 : io.file_size(file) - position;
    return left > 0 ? std::min(static_cast<std::size_t>(left), most_at_once) : most_at_once;
}

// On the pool, as a file may not be in memory.
ssize_t send_file_once(int file, int to) {
    return blocking_call(offloading::may_be_cancelled,
                         [=, &io = current_driver()]() noexcept -> ssize_t {
                             ssize_t result = -EINTR;
                             while (result == -EINTR)
                                 result = io.send_file(file, to, next_part_of(io, file));
                             return result;
                         });
}

// What was adopted as a file may be non-blocking: whether that has nothing yet is its owner's matter.
ssize_t send_file_when_there_is_room(int file, const open_end& to) {
    ssize_t count = 0;
    do {
        if (const ssize_t failure = to.wait_for_room(); failure < 0) return failure;
        count = send_file_once(file, to.number());
    } while (count == -EAGAIN && current_driver().ready_now(file, POLLIN) != 0);
    return count < 0 && !is_interruption(count) && to.is_gone() ? -EBADF : count;
}

std::optional<copy_progress> send_file_to(const fs::file& from, const fs::file& to) {
    return repeat([&] { return send_file_once(from.native_handle(), to.native_handle()); });
}
std::optional<copy_progress> send_file_to(const fs::file& from, const open_end& to) {
    return repeat([&] { return send_file_when_there_is_room(from.native_handle(), to); });
}

std::optional<copy_progress> copy_in_kernel(const copy_end& from, const copy_end& to) {
    const bool to_pipe = is_pipe(to);
    const bool to_socket = is_socket(to);
    if (from.file != nullptr && to.file != nullptr) return send_file_to(*from.file, *to.file);
    if (from.file != nullptr && (to_pipe || to_socket))
        return send_file_to(*from.file, open_end(*to.open));
    const bool from_pipe = is_pipe(from);
    if (!from_pipe && !is_socket(from)) return std::nullopt;
    if ((from_pipe && to_socket) || to_pipe) return splice_all(from, to);
    return std::nullopt;
}

// What a user's own end fails with has its own numbers.
std::string cure_of_copy(const copy_progress& made) {
    if (made.failure.category() != std::system_category()) return "";
    if (made.failure.value() != EBADF)
        return cure_of(made.result != 0 ? made.result : -made.failure.value());
    return " (either end was closed or moved from, or is a file that was not opened to be read or "
           "written)";
}

copy_progress copy_through_buffer(const copy_end& from, const copy_end& to) {
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(buffer_bytes);
    copy_progress made;
    for (;;) {
        const std::size_t size = from.read(from.object, {buffer.get(), buffer_bytes}, made.failure);
        if (made.failure || size == 0) return made;
        made.count += to.write_all(to.object, {buffer.get(), size}, made.failure);
        if (made.failure) return made;
    }
}

copy_progress copy_in_the_best_way(const copy_end& from, const copy_end& to) {
    if (from.read_lease != nullptr && is_stream_socket(from) && is_stream_socket(to))
        return copy_between_sockets(from, to);
    if (const auto in_kernel = copy_in_kernel(from, to)) return *in_kernel;
    return copy_through_buffer(from, to);
}

}  // namespace

std::uint64_t copy_all(const copy_end& from, const copy_end& to, std::error_code* ec) {
    const auto keep = [](const copy_end& end, std::optional<keeping_fd>& kept) {
        if (end.open != nullptr && end.open->get() != nullptr) kept.emplace(*end.open->get());
    };
    std::optional<keeping_fd> source;
    std::optional<keeping_fd> target;
    keep(from, source);
    keep(to, target);
    const copy_progress made = copy_in_the_best_way(from, to);
    if (ec != nullptr) {
        *ec = made.failure;
    } else if (made.failure) {
        if (made.failure == std::errc::operation_canceled) throw_if_cancel(-ECANCELED);
        throw io_error(made.failure,
                       "mioco: copy after " + counted(made.count, "byte") +
                           deadline_text(-made.failure.value()) + cure_of_copy(made),
                       made.count);
    }
    return made.count;
}

}  // namespace mioco::detail
