// SPDX-License-Identifier: MPL-2.0
#include "fiber/blocked_thread.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <thread>

#include "base/cure.hpp"
#include "base/sys.hpp"
#include "fiber/fiber_extras.hpp"
#include "fiber/fiber_pool.hpp"
#include "sched/current.hpp"

namespace mioco::detail {

namespace {

constexpr nanoseconds_t look_pause = 10'000'000;

// poll(2) may take fewer entries of this process, and of one that allows itself no descriptor not even one. Whoever waits for others
// than the first then looks himself, now and then.
int poll_what_fits(std::span<pollfd> entries, nanoseconds_t timeout) noexcept {
    const int ready = sys::poll(entries, timeout);
    if (ready >= 0 || ready == -EINTR) return ready;
    const nanoseconds_t pause = timeout < 0 ? look_pause : std::min(timeout, look_pause);
    if (sys::poll(entries.first(1), pause) == -EINVAL) sys::poll(entries.first(0), pause);
    return entries.size() > 1 ? 1 : 0;
}

}  // namespace

fiber& blocked_thread() {
    fiber*& mine = current_thread().blocked_thread;
    if (mine == nullptr) {
        mine = &fiber_pool::of_threads().take_one();
        mine->is_thread = true;
        retire_at_thread_end();
    }
    return *mine;
}

int enable_blocking(fiber& self) noexcept {
    if (self.thread_wakeup_fd >= 0) return 0;
    const int opened = sys::event_fd();
    if (opened < 0) return opened;
    self.thread_wakeup_fd = opened;
    return 0;
}

void require_blocking(fiber& self) {
    if (const int failure = enable_blocking(self); failure < 0) {
        throw std::system_error(
            -failure, std::system_category(),
            std::string("mioco: a thread cannot wait without an eventfd") + cure_of(failure));
    }
}

void block_thread(fiber& self, std::uint64_t epoch, nanoseconds_t deadline,
                  std::span<pollfd> entries) noexcept {
    entries[0] = {self.thread_wakeup_fd, POLLIN, 0};
    std::uint64_t count = 0;
    // The waker writes to the eventfd before it completes the wait, so that it touches nothing of the thread afterwards. So the
    // wake-up may come a moment before the wait is done.
    bool ending = false;
    while (!self.word.is_done()) {
        if (ending) {
            std::this_thread::yield();
            continue;
        }
        nanoseconds_t timeout = -1;
        if (deadline != never) timeout = std::max<nanoseconds_t>(0, deadline - sys::monotonic_ns());
        const int ready = poll_what_fits(entries, timeout);
        ending = sys::read(self.thread_wakeup_fd, &count, sizeof count) > 0;
        if (ending || ready < 0) continue;
        const bool timed_out = ready == 0 && deadline != never && sys::monotonic_ns() >= deadline;
        if (ready == 0 && !timed_out) continue;
        if (self.word.claim(epoch, timed_out ? wait_arm::timer : wait_arm::event)) {
            static_cast<void>(self.word.complete());
        } else {
            ending = true;  // somebody else was first
        }
    }
    // Nothing of this wait may be left to end the next one.
    sys::read(self.thread_wakeup_fd, &count, sizeof count);
}

void unblock_thread(fiber& waiting) noexcept {
    constexpr std::uint64_t one = 1;
    sys::write(waiting.thread_wakeup_fd, &one, sizeof one);
    static_cast<void>(waiting.word.complete());
}

void retire_blocked_thread(fiber& block) noexcept {
    if (block.has_extras()) {
        end_locals_and_data(block);
        free_extras(block);
    }
    if (block.thread_wakeup_fd >= 0) sys::close(block.thread_wakeup_fd);
    block.thread_wakeup_fd = -1;
    block.is_thread = false;
    fiber_pool::of_threads().give(block);
}

}  // namespace mioco::detail
