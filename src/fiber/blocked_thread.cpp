// SPDX-License-Identifier: MPL-2.0
#include "fiber/blocked_thread.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include "base/cure.hpp"
#include "fiber/fiber_extras.hpp"
#include "fiber/fiber_pool.hpp"
#include "io/driver.hpp"
#include "io/outsiders.hpp"
#include "sched/current.hpp"

namespace mioco::detail {

namespace {

constexpr nanoseconds_t look_pause = 10'000'000;

// poll(2) may take fewer entries of this process, and of one that allows itself no descriptor not even one. Whoever waits for others
// than the first then looks himself, now and then.
int poll_what_fits(driver& io, std::span<pollfd> entries, nanoseconds_t timeout) noexcept {
    const int ready = io.poll(entries, timeout);
    if (ready >= 0 || ready == -EINTR) return ready;
    const nanoseconds_t pause = timeout < 0 ? look_pause : std::min(timeout, look_pause);
    if (io.poll(entries.first(1), pause) == -EINVAL) io.poll(entries.first(0), pause);
    return entries.size() > 1 ? 1 : 0;
}

}  // namespace

fiber& blocked_thread() {
    fiber*& mine = current_thread().blocked_thread;
    if (mine == nullptr) {
        mine = &fiber_pool::of_threads().take_one();
        mine->is_thread = true;
        // For the thread's life; so not that of a runtime whose worker it is at the moment.
        driver* const world = current_thread().world;
        mine->world = world != nullptr ? world : &system_driver();
        // Who has started the others retires it.
        if (world == nullptr) retire_at_thread_end();
    }
    return *mine;
}

int enable_blocking(fiber& self) noexcept {
    if (self.thread_wakeup_fd >= 0) return 0;
    const int opened = self.world->open_event();
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
    driver& io = *self.world;
    entries[0] = {self.thread_wakeup_fd, POLLIN, 0};
    // The waker writes to the eventfd before it completes the wait, so that it touches nothing of the thread afterwards. So the
    // wake-up may come a moment before the wait is done.
    bool ending = false;
    while (!self.word.is_done()) {
        if (ending) {
            io.yield_thread();
            continue;
        }
        nanoseconds_t timeout = -1;
        if (deadline != never) timeout = std::max<nanoseconds_t>(0, deadline - io.now());
        const int ready = poll_what_fits(io, entries, timeout);
        ending = io.clear_event(self.thread_wakeup_fd);
        if (ending || ready < 0) continue;
        const bool timed_out = ready == 0 && deadline != never && io.now() >= deadline;
        if (ready == 0 && !timed_out) continue;
        if (self.word.claim(epoch, timed_out ? wait_arm::timer : wait_arm::event)) {
            static_cast<void>(self.word.complete());
        } else {
            ending = true;  // somebody else was first
        }
    }
    // Nothing of this wait may be left to end the next one.
    io.clear_event(self.thread_wakeup_fd);
}

void unblock_thread(fiber& waiting) noexcept {
    if (waiting.world->is_repeatable()) [[unlikely]]
        refuse_outsider(*waiting.world, "woke a thread");
    waiting.world->signal_event(waiting.thread_wakeup_fd);
    static_cast<void>(waiting.word.complete());
}

void retire_blocked_thread(fiber& block) noexcept {
    if (block.has_extras()) {
        end_locals_and_data(block);
        free_extras(block);
    }
    if (block.thread_wakeup_fd >= 0) block.world->close(block.thread_wakeup_fd);
    block.thread_wakeup_fd = -1;
    block.is_thread = false;
    fiber_pool::of_threads().give(block);
}

}  // namespace mioco::detail
