// SPDX-License-Identifier: MPL-2.0
#include <mutex>

#include <mioco/shared_mutex.hpp>

namespace mioco {

namespace {

using detail::wait_end;

// Waits in one of the lines. `try_now` is asked under the guard.
template <class TryNow>
wait_end wait_turn(detail::spin_lock& guard, detail::arm_queue& line,
                   detail::nanoseconds_t deadline, TryNow try_now) {
    bool may_wait = detail::begin_to_lock(detail::wait_reason::lock);
    for (;;) {
        guard.lock();
        if (try_now()) {
            guard.unlock();
            return wait_end::claimed;
        }
        if (may_wait) break;
        guard.unlock();
        detail::prepare_to_wait();
        may_wait = true;
    }
    detail::queued_arm arm;
    return wait_in_line(guard, line, arm, detail::wait_reason::lock,
                        {.deadline = deadline, .masked = true});
}

bool was_claimed(wait_end end) {
    if (end == wait_end::interrupted) detail::throw_deadline_passed(detail::wait_reason::lock);
    return end == wait_end::claimed;
}

}  // namespace

bool shared_mutex::write_now() noexcept {
    if (writing_ || reading_ > 0) return false;
    writing_ = true;
    return true;
}

bool shared_mutex::read_now() noexcept {
    if (writing_ || !writers_.empty()) return false;
    ++reading_;
    return true;
}

bool shared_mutex::try_lock() noexcept {
    detail::begin_attempt();
    const std::scoped_lock held(guard_);
    return write_now();
}

bool shared_mutex::try_lock_shared() noexcept {
    detail::begin_attempt();
    const std::scoped_lock held(guard_);
    return read_now();
}

bool shared_mutex::lock_waiting(detail::nanoseconds_t deadline) {
    const wait_end end = wait_turn(guard_, writers_, deadline, [this] { return write_now(); });
    if (end == wait_end::claimed) return true;
    // Readers may have been waiting for this writer alone.
    detail::wake_list woken;
    {
        const std::scoped_lock held(guard_);
        let_in(woken);
    }
    woken.carry_out();
    return was_claimed(end);
}

bool shared_mutex::lock_shared_waiting(detail::nanoseconds_t deadline) {
    return was_claimed(wait_turn(guard_, readers_, deadline, [this] { return read_now(); }));
}

// Whoever may have it now.
void shared_mutex::let_in(detail::wake_list& woken) noexcept {
    while (!writing_ && reading_ == 0 && !writers_.empty()) writing_ = woken.claim(*writers_.pop());
    while (!writing_ && writers_.empty() && !readers_.empty()) {
        if (woken.claim(*readers_.pop())) ++reading_;
    }
}

void shared_mutex::unlock() noexcept {
    detail::wake_list woken;
    {
        const std::scoped_lock held(guard_);
        writing_ = false;
        let_in(woken);
    }
    woken.carry_out();
}

void shared_mutex::unlock_shared() noexcept {
    detail::wake_list woken;
    {
        const std::scoped_lock held(guard_);
        --reading_;
        let_in(woken);
    }
    woken.carry_out();
}

}  // namespace mioco
