// SPDX-License-Identifier: MPL-2.0
#include "net/copy_sockets.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

#include <mioco/net/leased_bytes.hpp>

#include "io/driver.hpp"
#include "io/wait_ready.hpp"
#include "net/lease_pool.hpp"
#include "net/open_end.hpp"

// splice(2) needs a pipe between two sockets, and so twice the calls: for a small message more of the processor's time, and two
// descriptors for whoever waits. So a copy begins by leases, is spliced while large parts come, and goes back to leases after small ones.

namespace mioco::detail {

namespace {

constexpr std::size_t large_part_bytes = std::size_t{64} << 10;
constexpr std::size_t small_part_bytes = std::size_t{16} << 10;
constexpr unsigned small_parts_that_end_it = 16;
// Of what lies on the stack.
constexpr std::size_t rest_part_bytes = 4096;

// A user may have 64 MiB of room in all pipes, and then gets next to none.
constexpr std::size_t pipe_bytes = std::size_t{256} << 10;
constexpr int most_pipes = 128;

/// What lies between two sockets while bytes move within the kernel; not open where pipes are short.
class splice_pipe {
public:
    splice_pipe() noexcept {
        if (io_.pipes_of_copies.fetch_add(1, std::memory_order_relaxed) < most_pipes &&
            io_.open_pipe(ends_) == 0) {
            is_open_ = io_.set_pipe_capacity(ends_[1], static_cast<int>(pipe_bytes)) >= 0;
            if (!is_open_) close();
        }
    }
    ~splice_pipe() {
        if (is_open_) close();
        io_.pipes_of_copies.fetch_sub(1, std::memory_order_relaxed);
    }
    splice_pipe(const splice_pipe&) = delete;
    splice_pipe& operator=(const splice_pipe&) = delete;

    [[nodiscard]] bool is_open() const noexcept { return is_open_; }
    [[nodiscard]] int reading() const noexcept { return ends_[0]; }
    [[nodiscard]] int writing() const noexcept { return ends_[1]; }
    /// Of what lies in it.
    [[nodiscard]] ssize_t read(std::span<std::byte> into) const noexcept {
        return io_.read(into, ends_[0]);
    }

private:
    void close() const noexcept {
        for (const int end : ends_) io_.close(end);
    }

    driver& io_ = current_driver();
    int ends_[2] = {-1, -1};
    bool is_open_ = false;
};

// splice(2) stops at urgent data, and tells what it tells where there is nothing: the event that brought it has left a mark by then.
ssize_t fill(fd_object& from, const splice_pipe& pipe) {
    const ssize_t filled = attempt_or_wait(
        from, side::read,
        [&from, into = pipe.writing()](driver& io, int number, worker*) -> ssize_t {
            const ssize_t count = io.fill_own_pipe(number, into, pipe_bytes);
            return count == -EAGAIN && from.has_urgent_data() ? 0 : count;
        },
        [](ssize_t) { return false; });
    // As many operations as usual leases would have been, so that a turn is no longer than with those.
    if (fiber* const self = current_fiber(); self != nullptr && filled > 0)
        self->budget -= static_cast<std::int32_t>((filled - 1) / usual_lease_bytes);
    return filled;
}

ssize_t drain_once(const splice_pipe& pipe, fd_object& to, std::size_t most) {
    const auto attempt = [out = pipe.reading(), most](driver& io, int number, worker*) {
        return io.splice(out, number, most);
    };
    const ssize_t first = attempt_first(to, attempt);
    const ssize_t count = first < 0 ? finish_attempts(to, side::write, first, attempt) : first;
    return count < 0 && to.is_closed() ? -EBADF : count;
}

enum class copied : std::uint8_t { to_the_end, large_parts, small_parts, nothing };

struct socket_copy {
    const copy_end& source;
    const copy_end& target;
    open_end from = open_end(*source.open);
    open_end to = open_end(*target.open);
    copy_progress made = {};

    [[nodiscard]] bool is_either_gone() const noexcept { return from.is_gone() || to.is_gone(); }
    [[nodiscard]] copied fail(int by) noexcept {
        made.fail(by);
        return copied::to_the_end;
    }
    void write(const_bytes part) {
        if (to.is_gone()) return made.fail(-EBADF);
        made.count += target.write_all(target.object, part, made.failure);
    }
};

// A target may be one that is refused, or become one: where O_APPEND is set. What lies in the pipe by then it gets without.
copied write_rest(const splice_pipe& pipe, std::size_t size, socket_copy& ends) {
    std::byte part[rest_part_bytes];
    while (size > 0) {
        const ssize_t count = pipe.read({part, std::min(size, rest_part_bytes)});
        if (count <= 0) return ends.fail(count < 0 ? static_cast<int>(count) : -EIO);
        ends.write({part, static_cast<std::size_t>(count)});
        if (ends.made.failure) return copied::to_the_end;
        size -= static_cast<std::size_t>(count);
    }
    return copied::nothing;
}

copied drain(const splice_pipe& pipe, std::size_t size, socket_copy& ends) {
    while (size > 0) {
        const ssize_t count = drain_once(pipe, ends.to.object(), size);
        if (is_splice_refused(count)) return write_rest(pipe, size, ends);
        if (count <= 0) return ends.fail(count < 0 ? static_cast<int>(count) : -EIO);
        ends.made.count += static_cast<std::uint64_t>(count);
        size -= static_cast<std::size_t>(count);
    }
    return copied::large_parts;
}

copied copy_by_leases(bool may_splice, socket_copy& ends) {
    for (;;) {
        if (ends.is_either_gone()) return ends.fail(-EBADF);
        const net::leased_bytes part =
            ends.source.read_lease(ends.source.object, ends.made.failure);
        if (ends.made.failure || part.empty()) return copied::to_the_end;
        ends.write({part.data(), part.size()});
        if (ends.made.failure) return copied::to_the_end;
        if (may_splice && part.size() >= large_part_bytes) return copied::large_parts;
    }
}

copied copy_by_splices(const splice_pipe& pipe, socket_copy& ends) {
    unsigned small_parts = 0;
    while (small_parts < small_parts_that_end_it) {
        if (ends.is_either_gone()) return ends.fail(-EBADF);
        const ssize_t count = fill(ends.from.object(), pipe);
        // The end, or urgent data: a read tells. Or it is refused.
        if (count == 0 || is_splice_refused(count)) return copied::nothing;
        if (count < 0) return ends.fail(static_cast<int>(count));
        const auto size = static_cast<std::size_t>(count);
        if (const copied how = drain(pipe, size, ends); how != copied::large_parts) return how;
        small_parts = size < small_part_bytes ? small_parts + 1 : 0;
    }
    return copied::small_parts;
}

}  // namespace

copy_progress copy_between_sockets(const copy_end& from, const copy_end& to) {
    socket_copy ends{from, to};
    bool may_splice = true;
    while (copy_by_leases(may_splice, ends) == copied::large_parts) {
        const splice_pipe pipe;
        const copied by_splices = pipe.is_open() ? copy_by_splices(pipe, ends) : copied::nothing;
        if (by_splices == copied::to_the_end) break;
        may_splice = by_splices != copied::nothing;
    }
    return ends.made;
}

}  // namespace mioco::detail
