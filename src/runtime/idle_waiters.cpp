// SPDX-License-Identifier: MPL-2.0
#include "runtime/idle_waiters.hpp"

#include <mutex>

#include "fiber/parking.hpp"
#include "io/driver.hpp"
#include "sched/wake.hpp"

namespace mioco::detail {

namespace {
constexpr nanoseconds_t look_pause = 1'000'000;
}

idle_waiters::outcome idle_waiters::wait_unless(bool (*condition)(const void*), const void* context,
                                                nanoseconds_t deadline) {
    fiber& self = current_waiter();
    bool can_be_woken = !self.is_thread || enable_blocking(self) == 0;
    for (;;) {
        lock_.lock();
        if (condition(context)) {
            lock_.unlock();
            return outcome::held;
        }
        if (can_be_woken) break;
        lock_.unlock();
        // A thread that nobody can wake looks again by itself: out of descriptors, too, a runtime must come to its end.
        driver& io = current_driver();
        if (io.now() >= deadline) return outcome::timed_out;
        if (interruption(self) != 0) return outcome::notified;
        io.sleep_until(io.now() + look_pause);
        can_be_woken = enable_blocking(self) == 0;
    }
    parking wait(self, wait_reason::idle_runtime, deadline);
    node mine{wait.token(), first_};
    first_ = &mine;
    lock_.unlock();
    wait.park();
    unlink(mine);
    return wait.ended_by() == wait_arm::timer ? outcome::timed_out : outcome::notified;
}

void idle_waiters::notify_all() noexcept {
    const waker wake;
    for (;;) {
        wait_token woken;
        {
            const std::scoped_lock held(lock_);
            if (first_ == nullptr) return;
            node& head = *first_;
            first_ = head.next;
            head.linked = false;
            if (wake.claim(head.token)) woken = head.token;
        }
        if (woken) wake.complete(woken);
    }
}

void idle_waiters::unlink(node& mine) noexcept {
    const std::scoped_lock held(lock_);
    if (!mine.linked) return;
    node** link = &first_;
    while (*link != &mine) link = &(*link)->next;
    *link = mine.next;
}

}  // namespace mioco::detail
