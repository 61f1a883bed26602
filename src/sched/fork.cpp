// SPDX-License-Identifier: MPL-2.0
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "fiber/fiber.hpp"
#include "runtime/fork_guard.hpp"
#include "sched/worker.hpp"
#include "sched/worker_switch.hpp"

// A child that a fiber forks has its worker's thread, and with it copies of all fibers that are ready there. If that fiber waited or ended,
// they would run a second time, on sockets that they share with the parent. As with a no_park, the worker is left no switches, so that the
// branch for a look around, which nobody else pays for, refuses the next one.

namespace mioco::detail {

void worker::stay_with_fiber() noexcept {
    ticks_left_ = ticks_kept_ = std::numeric_limits<std::int32_t>::min() / 2;
}

void worker::refuse_in_forked_child(const fiber& self, bool has_ended) const noexcept {
    if (!in_forked_child.load(std::memory_order_relaxed)) [[likely]]
        return;
    const bool yields = handover_.what == handover::action::requeue;
    const char* const what = has_ended ? "end" : yields ? "let others run" : "wait for ";
    std::fprintf(stderr,
                 "mioco: fiber %llu would %s%s in a forked child: the runtime's threads stayed in "
                 "the parent; leave the child by exec or "
                 "_exit, or start programs by mioco::process::spawn\n",
                 static_cast<unsigned long long>(self.number()), what,
                 has_ended || yields ? "" : reason_text(self.waits_for));
    std::abort();
}

}  // namespace mioco::detail
