// SPDX-License-Identifier: MPL-2.0
#include "net/copy_sockets.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <mioco/net/leased_bytes.hpp>

#include "io/driver.hpp"
#include "io/wait_ready.hpp"
#include "net/lease_pool.hpp"

// splice(2) needs a pipe between two sockets, and so twice the calls: for a small message more of the processor's time, and two
// descriptors for whoever waits. So a copy begins by leases, is spliced while large parts come, and goes back to leases after small ones.

namespace mioco::detail {

namespace {

constexpr std::size_t large_part_bytes = std::size_t{64} << 10;
constexpr std::size_t small_part_bytes = std::size_t{16} << 10;
constexpr unsigned small_parts_that_end_it = 16;

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

bool drain(const splice_pipe& pipe, fd_object& to, std::size_t size, copy_progress& made) {
    while (size > 0) {
        const ssize_t count = drain_once(pipe, to, size);
        if (count <= 0) {
            made.fail(count < 0 ? static_cast<int>(count) : -EIO);
            return false;
        }
        made.count += static_cast<std::uint64_t>(count);
        size -= static_cast<std::size_t>(count);
    }
    return true;
}

enum class copied : std::uint8_t { to_the_end, large_parts, small_parts, nothing };

copied copy_by_leases(const copy_end& from, const copy_end& to, bool may_splice,
                      copy_progress& made) {
    for (;;) {
        const net::leased_bytes part = from.read_lease(from.object, made.failure);
        if (made.failure || part.empty()) return copied::to_the_end;
        made.count += to.write_all(to.object, {part.data(), part.size()}, made.failure);
        if (made.failure) return copied::to_the_end;
        if (may_splice && part.size() >= large_part_bytes) return copied::large_parts;
    }
}

copied copy_by_splices(const splice_pipe& pipe, fd_object& from, fd_object& to,
                       copy_progress& made) {
    unsigned small_parts = 0;
    while (small_parts < small_parts_that_end_it) {
        const ssize_t count = fill(from, pipe);
        // The end, or urgent data: a read tells. Or it is refused.
        if (count == 0 || is_splice_refused(count)) return copied::nothing;
        if (count < 0) {
            made.fail(static_cast<int>(count));
            return copied::to_the_end;
        }
        const auto size = static_cast<std::size_t>(count);
        if (!drain(pipe, to, size, made)) return copied::to_the_end;
        small_parts = size < small_part_bytes ? small_parts + 1 : 0;
    }
    return copied::small_parts;
}

}  // namespace

copy_progress copy_between_sockets(const copy_end& from, const copy_end& to) {
    copy_progress made;
    // Kept by the caller: who moves a stream away meanwhile has the copy fail when it next reads by leases.
    fd_object& source = *from.open->get();
    fd_object& target = *to.open->get();
    bool may_splice = true;
    while (copy_by_leases(from, to, may_splice, made) == copied::large_parts) {
        const splice_pipe pipe;
        const copied by_splices =
            pipe.is_open() ? copy_by_splices(pipe, source, target, made) : copied::nothing;
        if (by_splices == copied::to_the_end) break;
        may_splice = by_splices != copied::nothing;
    }
    return made;
}

}  // namespace mioco::detail
