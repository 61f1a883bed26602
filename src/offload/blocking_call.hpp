// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cerrno>
#include <type_traits>

#include <sys/types.h>

#include <mioco/offload.hpp>

#include "offload/offload_pool.hpp"

namespace mioco::detail {

/// Has the job done on the pool of the calling fiber's runtime; outside of fibers right here, since a plain thread, and so a
/// thread of a pool, may block. Throws std::logic_error in a fiber of a forked child.
offload_pool::outcome run_job(offload_job& job, offloading how);

/// Of a call that was refused so.
[[noreturn]] void throw_no_thread();

/// A blocking system call, or a few: `call` returns a count or a negative errno value, and does not throw. If the calling fiber was
/// interrupted before it began, that. When there is no thread to be had, it holds the worker up rather than fail.
template <class Call>
ssize_t blocking_call(offloading how, Call call) {
    static_assert(std::is_nothrow_invocable_r_v<ssize_t, Call&>);
    struct frame {
        Call& call;
        ssize_t result;
    };
    frame mine{call, 0};
    offload_job job{[](void* context) noexcept {
                        frame& callers = *static_cast<frame*>(context);
                        callers.result = callers.call();
                    },
                    &mine};
    switch (run_job(job, how)) {
        case offload_pool::outcome::done:
            break;
        case offload_pool::outcome::cancelled:
            return caller_interruption();
        case offload_pool::outcome::no_thread:
            return call();
    }
    return mine.result;
}

}  // namespace mioco::detail
