// SPDX-License-Identifier: MPL-2.0
#include <mioco/offload.hpp>

#include <exception>
#include <system_error>
#include <utility>

#include "offload/blocking_call.hpp"
#include "runtime/fork_guard.hpp"
#include "runtime/runtime_core.hpp"

namespace mioco::detail {

void throw_no_thread() {
    throw std::system_error(
        std::make_error_code(std::errc::resource_unavailable_try_again),
        "mioco: no thread to offload to could be started, and the pool has none; raise the "
        "limit of threads or of memory");
}

offload_pool::outcome run_job(offload_job& job, offloading how) {
    fiber* const self = current_fiber();
    const bool certain = how == offloading::is_certain;
    if (self == nullptr) {
        if (!certain && caller_interruption() != 0) return offload_pool::outcome::cancelled;
        job.call(job.context);
        return offload_pool::outcome::done;
    }
    refuse_after_fork("an offloaded call");
    spend(*self);
    if (!certain && interruption(*self) != 0) return offload_pool::outcome::cancelled;
    return self->on->home().offloads().run(
        *self, job, certain ? parking::cancelling::certain : parking::cancelling::allowed);
}

namespace {

struct throwing_call {
    void (*call)(void*);
    void* context;
    std::exception_ptr error;
};

void keep_error(void* context) noexcept {
    auto& callers = *static_cast<throwing_call*>(context);
    try {
        callers.call(callers.context);
    } catch (...) {
        callers.error = std::current_exception();
    }
}

}  // namespace

void offload_call(void (*call)(void*), void* context, offloading how) {
    if (current_fiber() == nullptr) {
        if (how != offloading::is_certain && caller_interruption() != 0)
            throw_interrupted(wait_reason::offload);
        return call(context);
    }
    throwing_call mine{call, context, nullptr};
    offload_job job{&keep_error, &mine};
    switch (run_job(job, how)) {
        case offload_pool::outcome::done:
            break;
        case offload_pool::outcome::cancelled:
            throw_interrupted(wait_reason::offload);
        case offload_pool::outcome::no_thread:
            throw_no_thread();
    }
    if (mine.error != nullptr) std::rethrow_exception(std::move(mine.error));
}

}  // namespace mioco::detail
