// SPDX-License-Identifier: MPL-2.0
#include <cstdio>
#include <exception>
#include <system_error>

#include <mioco/error.hpp>
#include <mioco/runtime.hpp>

#include "debug/dump.hpp"
#include "fiber/parking.hpp"
#include "fiber/stop_sources.hpp"
#include "runtime/runtime_core.hpp"

// Waiting for the end of a runtime's fibers.

namespace mioco::detail {

namespace {

bool is_idle(const void* core) { return static_cast<const runtime_core*>(core)->is_at_rest(); }

void report_remaining(const runtime_core& core) noexcept {
    char headline[128];
    std::snprintf(headline, sizeof headline,
                  "mioco: shutdown: %zu fiber%s did not end within the time allowed:\n",
                  core.fiber_count(), core.fiber_count() == 1 ? "" : "s");
    dump_to_stderr(headline, core);
}

}  // namespace

void runtime_core::require_other_runtime() const {
    const fiber* const self = current_fiber();
    if (self == nullptr || self->home.load(std::memory_order_relaxed) != this) return;
    throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur),
                            "mioco: a fiber waits for the end of its own runtime");
}

void runtime_core::wait() {
    require_other_runtime();
    refuse_outsiders("waited for the end of a runtime");
    begin_attempt();
    std::uint64_t stop = census_.stop();
    while (idle_waiters_.wait_unless(&detail::is_idle, this, never) !=
           idle_waiters::outcome::held) {
        throw_if_interrupted(current_waiter(), wait_reason::idle_runtime);
        stop = census_.stop();
    }
    census_.end_stop(stop);
    deadlocks_.forget();
    if (const std::exception_ptr error = take_error()) std::rethrow_exception(error);
}

bool runtime_core::shut_down(nanoseconds_t deadline) {
    require_other_runtime();
    begin_attempt();
    request_stop();
    for (;;) {
        const std::uint64_t stop = census_.stop();
        // Somebody else who waited has seen the last fiber end, and what lives now was spawned after that.
        if (!fiber_census::is_stopping(stop)) return true;
        switch (idle_waiters_.wait_unless(&detail::is_idle, this, deadline)) {
            case idle_waiters::outcome::held:
                census_.end_stop(stop);
                deadlocks_.forget();
                return true;
            case idle_waiters::outcome::timed_out:
                if (is_at_rest()) break;
                report_remaining(*this);
                return false;
            case idle_waiters::outcome::notified:
                throw_if_interrupted(current_waiter(), wait_reason::idle_runtime);
                break;
        }
    }
}

}  // namespace mioco::detail

namespace mioco {

void shutdown() {
    detail::fiber* const self = detail::current_fiber();
    if (self == nullptr) {
        throw std::system_error(std::make_error_code(std::errc::operation_not_permitted),
                                "mioco: shutdown must be called in a fiber: it ends that fiber's "
                                "runtime; from outside, call runtime::shutdown");
    }
    self->on->home().request_stop();
    // The stop's walk comes to the caller too, but perhaps only after it has swallowed what is thrown here.
    detail::request_own_cancel(*self);
    detail::tell_of_cancel(self->number());
    detail::throw_cancelled();
}

}  // namespace mioco
