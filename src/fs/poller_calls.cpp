// SPDX-License-Identifier: MPL-2.0
#include "fs/poller_calls.hpp"

#include <cerrno>
#include <optional>

#include "fiber/parking.hpp"
#include "fs/pool_calls.hpp"
#include "io/file_operation.hpp"
#include "runtime/fork_guard.hpp"
#include "sched/worker.hpp"

namespace mioco::detail::poller_calls {

namespace {

// What a worker may copy itself, and so hold up others for about ten microseconds.
constexpr std::size_t most_here = std::size_t{128} << 10;

// As every cancellation point: what there is to end the call before it begins, or 0.
int begin(fiber& self) {
    refuse_after_fork("a call of a file");
    spend(self);
    return interruption(self);
}

// The poller's answer; nothing if there is none that counts, and the pool has the last word.
std::optional<ssize_t> at_poller(fiber& self, file_operation& wanted) noexcept {
    poller& at = self.on->events();
    if (!at.takes_files()) return std::nullopt;
    parking wait(self, wait_reason::file, never);
    wanted.caller = wait.token();
    at.start(wanted);
    wait.park();
    if (wait.ended_by() == wait_arm::cancel) {
        at.withdraw(wanted);
        return caller_interruption();
    }
    switch (wanted.result) {
        case -EAGAIN:  // also of a descriptor that never blocks
        case -EINTR:
        case -EINVAL:
        case -EOPNOTSUPP:
        case -ECANCELED:
            return std::nullopt;
        default:
            return static_cast<ssize_t>(wanted.result);
    }
}

constexpr bool is_direct(kind of) noexcept {
    return of == kind::direct || of == kind::direct_block;
}

// An io_uring takes no lock on a position that others may use, and moves it on only where an operation ends at once. So calls there are
// left to the pool; a pipe has none.
constexpr bool is_at_position(kind of, std::int64_t offset) noexcept {
    return offset == driver::here && of != kind::stream;
}

// Devices are left to the pool, whose threads block the signals that a terminal may send to who reads it; and so is what a pipe refuses.
constexpr bool may_be_read_at_poller(kind of, std::int64_t offset) noexcept {
    return of != kind::device && (of != kind::stream || offset == driver::here);
}

// So are writes that a signal may come with: to pipes, and beyond the process's limit.
bool may_be_written_at_poller(kind of) noexcept {
    return of != kind::device && of != kind::stream && current_driver().is_file_size_unlimited();
}

bool is_long(std::size_t size, kind of) noexcept { return size > most_here && !is_direct(of); }

// What has to be waited for.
ssize_t read_waiting(fiber& self, int fd, std::span<std::byte> into, std::int64_t offset, kind of) {
    if (may_be_read_at_poller(of, offset)) {
        file_operation wanted{.what = file_operation::kind::read,
                              .fd = fd,
                              .memory = into.data(),
                              .size = into.size(),
                              .offset = offset,
                              .is_long = is_long(into.size(), of)};
        if (const auto result = at_poller(self, wanted)) return *result;
    }
    return repeated_on_pool([=](driver& io) noexcept { return io.read_file(fd, into, offset); });
}

}  // namespace

kind known(int fd, kind of) noexcept {
    if (of != kind::unknown) [[likely]]
        return of;
    const int flags = current_driver().status_flags(fd);
    return flags < 0 ? kind::device : file_calls::kind_of(fd, flags);
}

fiber* who_reads(std::int64_t offset, kind of) noexcept {
    fiber* const self = current_fiber();
    const bool is_one =
        self != nullptr && !is_at_position(of, offset) && !self->on->io().is_repeatable();
    return is_one ? self : nullptr;
}

fiber* who_writes() noexcept {
    fiber* const self = current_fiber();
    return self != nullptr && self->on->events().takes_files() ? self : nullptr;
}

ssize_t read(fiber& self, int fd, std::span<std::byte> into, std::int64_t offset, kind of) {
    if (const int failure = begin(self); failure != 0) return failure;
    of = known(fd, of);
    ssize_t done = 0;
    for (;;) {
        const std::int64_t place = offset == driver::here ? offset : offset + done;
        const auto rest = into.subspan(static_cast<std::size_t>(done));
        ssize_t count = -EAGAIN;
        if (rest.size() <= most_here && !is_direct(of))
            count = self.on->io().read_file_at_once(fd, rest, place);
        // Linux 5.9 and 5.10 call it the end too if nothing is in memory.
        const bool was_waited_for = count < 0 || (count == 0 && done == 0 && !rest.empty());
        if (was_waited_for) count = read_waiting(self, fd, rest, place, of);
        if (count <= 0) return done > 0 ? done : count;
        done += count;
        // Part of a regular file may be in memory; the rest is to be had too, unless this is its end. After a wait there is no more.
        const bool is_all = static_cast<std::size_t>(done) == into.size();
        if (is_all || was_waited_for || !is_regular(of)) return done;
    }
}

ssize_t write(fiber& self, int fd, std::span<const std::byte> from, std::int64_t offset, kind of) {
    if (const int failure = begin(self); failure != 0) return failure;
    of = known(fd, of);
    if (may_be_written_at_poller(of)) {
        file_operation wanted{.what = file_operation::kind::write,
                              .fd = fd,
                              .memory = const_cast<std::byte*>(from.data()),
                              .size = from.size(),
                              .offset = offset,
                              .is_long = is_long(from.size(), of)};
        if (const auto result = at_poller(self, wanted)) return *result;
    }
    return repeated_on_pool([=](driver& io) noexcept { return io.write_file(fd, from, offset); });
}

int sync(fiber& self, int fd, bool data_only) {
    if (const int failure = begin(self); failure != 0) return failure;
    file_operation wanted{
        .what = data_only ? file_operation::kind::sync_data : file_operation::kind::sync, .fd = fd};
    if (const auto result = at_poller(self, wanted)) return static_cast<int>(*result);
    return static_cast<int>(
        repeated_on_pool([=](driver& io) noexcept { return io.sync_file(fd, data_only); }));
}

}  // namespace mioco::detail::poller_calls
