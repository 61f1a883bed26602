// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <memory>

#include "fiber/parking.hpp"
#include "fiber/wait_slot.hpp"
#include "offload/offload_job.hpp"
#include "time/lazy_timer.hpp"

namespace mioco::detail {

struct fiber;

/// [fiber] Parks until the end has been posted, or the wait has ended otherwise.
wait_arm wait_for_post(fiber& self, wait_slot& end, wait_reason why, nanoseconds_t deadline,
                       parking::cancelling mode = parking::cancelling::allowed) noexcept;

/// A blocking call that cannot be ended, and whose caller may be gone before it returns: so it owns all that it uses.
class detached_call {
public:
    detached_call() = default;
    virtual ~detached_call() = default;
    detached_call(const detached_call&) = delete;
    detached_call& operator=(const detached_call&) = delete;

    enum class outcome {
        done,
        cancelled,  ///< The calling fiber was, or a `with_deadline` of it has passed.
        timed_out,
        no_thread  ///< The system has none left, and the pool has none.
    };
    /// Has the call made on the pool of the calling fiber's runtime. When the fiber is cancelled or the deadline comes it leaves the
    /// call, which is then not made if it has not begun, and else ends by itself; the runtime's end waits for that. Outside of fibers
    /// the call is made right here, and waited for. Throws std::logic_error in a fiber of a forked child.
    static outcome run(const std::shared_ptr<detached_call>& call, wait_reason why,
                       nanoseconds_t deadline);

protected:
    /// What there is to do; on any thread, once at most.
    virtual void make() noexcept = 0;

private:
    static void on_pool(void* context) noexcept;

    offload_job job_{&on_pool, this};
    wait_slot end_;
    std::shared_ptr<detached_call> self_;  // while the pool has the job
};

}  // namespace mioco::detail
