// SPDX-License-Identifier: MPL-2.0
#include "sched/wake.hpp"

#include "debug/log.hpp"
#include "fiber/blocked_thread.hpp"
#include "runtime/runtime_core.hpp"
#include "sched/current.hpp"
#include "sched/worker.hpp"
#include "sched/worker_queue.hpp"

namespace mioco::detail {

void waker::complete_wait(fiber& f) noexcept {
    MIOCO_LOG("wakes C%llu", static_cast<unsigned long long>(f.number()));
    // The wait is not complete yet, so the fiber and its runtime still exist.
    if (f.is_thread) return unblock_thread(f);
    runtime_core* const home = f.home.load(std::memory_order_relaxed);
    worker* const here = current_thread().on_worker;
    if (here != nullptr && &here->home() == home) {
        if (f.word.complete()) here->make_ready(f);
        return;
    }
    const guest until_queued(home->guests());
    if (f.word.complete()) home->inject(f);
}

}  // namespace mioco::detail
