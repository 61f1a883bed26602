// SPDX-License-Identifier: MPL-2.0
#include "sched/guest_count.hpp"

#include "relacy/explore.hpp"

namespace mioco::relacy {
namespace {

/// A guest that ends a fiber's wait and writes into its runtime, and the runtime's end, which follows the fiber's.
struct a_runtime_ends : scenario<a_runtime_ends> {
    void thread(unsigned number) {
        if (number == 0) {
            guests.enter();
            fiber_ends.store(true, std::memory_order_release);
            runtime.set(1);
            guests.leave();
        } else {
            wait_until([this] { return fiber_ends.load(std::memory_order_acquire); });
            wait_until([this] { return guests.none(); });
            check(runtime.get() == 1, "the end sees what a guest wrote");
            runtime.set(2);
        }
    }

    detail::basic_guest_count<relacy_sync> guests;
    atomic<bool> fiber_ends;
    plain<int> runtime;
};

TEST(guest_count, needs_its_memory_orders) {
    expect_orders_suffice_and_are_needed<a_runtime_ends>("sched/guest_count.hpp");
}

}  // namespace
}  // namespace mioco::relacy
