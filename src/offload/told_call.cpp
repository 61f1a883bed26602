// SPDX-License-Identifier: MPL-2.0
#include <exception>
#include <stop_token>
#include <utility>

#include <mioco/offload.hpp>

#include "fiber/parking.hpp"
#include "fiber/stop_sources.hpp"
#include "offload/blocking_call.hpp"
#include "offload/detached_call.hpp"
#include "runtime/fork_guard.hpp"
#include "runtime/runtime_core.hpp"
#include "sched/wake.hpp"

// Calls that are told that their caller was interrupted. It tells them itself: its wait ends by the interruption, and then it waits for them
// once more, uninterrupted, or leaves them.

namespace mioco::detail {

namespace {

// In the frame of its caller.
struct told_call {
    void (*call)(void*, const std::stop_token&);
    void* context;
    std::stop_source source;
    std::exception_ptr error;
    wait_slot end;
    offload_job job{&on_pool, this};

    static void on_pool(void* context) noexcept {
        told_call& callers = *static_cast<told_call*>(context);
        if (!callers.job.refused) callers.make();
        // From here on the caller may have left.
        if (const wait_token waiting = callers.end.post()) waker().wake(waiting);
    }

    void make() noexcept {
        try {
            call(context, source.get_token());
        } catch (...) {
            error = std::current_exception();
        }
    }
};

class owned_call final : public detached_call {
public:
    explicit owned_call(std::shared_ptr<abandonable_call> call) : call_(std::move(call)) {}

    void make() noexcept override {
        try {
            call_->make(source_.get_token());
        } catch (...) {
            call_->error = std::current_exception();
        }
    }
    void tell() noexcept { request_in_one_go(source_); }

private:
    std::shared_ptr<abandonable_call> call_;
    std::stop_source source_;
};

}  // namespace

void offload_told_call(void (*call)(void*, const std::stop_token&), void* context) {
    fiber* const self = current_fiber();
    if (self == nullptr) {
        if (caller_interruption() != 0) throw_interrupted(wait_reason::offload);
        return call(context, std::stop_token());
    }
    refuse_after_fork("an offloaded call");
    spend(*self);
    throw_if_interrupted(*self, wait_reason::offload);
    told_call mine{call, context, {}, nullptr, {}};
    offload_pool& pool = self->on->home().offloads();
    pool.post(mine.job);
    wait_for_post(*self, mine.end, wait_reason::offload, never);
    if (!mine.end.is_ready()) {
        if (pool.withdraw(mine.job)) throw_interrupted(wait_reason::offload);
        request_in_one_go(mine.source);
        wait_for_post(*self, mine.end, wait_reason::offload, never, parking::cancelling::certain);
    }
    if (mine.job.refused) throw_no_thread();
    if (mine.error != nullptr) std::rethrow_exception(std::exchange(mine.error, nullptr));
}

void offload_and_may_leave(const std::shared_ptr<abandonable_call>& call) {
    if (current_fiber() == nullptr) {
        if (caller_interruption() != 0) throw_interrupted(wait_reason::offload);
        return call->make(std::stop_token());
    }
    const auto owned = std::make_shared<owned_call>(call);
    switch (detached_call::run(owned, wait_reason::offload, never)) {
        case detached_call::outcome::done:
            return;
        case detached_call::outcome::no_thread:
            throw_no_thread();
        default:
            owned->tell();
            throw_interrupted(wait_reason::offload);
    }
}

}  // namespace mioco::detail
