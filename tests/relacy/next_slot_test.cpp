// SPDX-License-Identifier: MPL-2.0
#include "sched/next_slot.hpp"

#include "relacy/explore.hpp"

namespace mioco::relacy {
namespace {

struct item {
    plain<int> fiber;
    plain<int> taken;
};

/// A worker that makes two fibers ready and then takes what is there, and a neighbour that takes too.
struct each_item_goes_to_one : scenario<each_item_goes_to_one> {
    void thread(unsigned number) {
        if (number != 0) return take(slot.take());
        for (item& each : items) {
            each.fiber.set(1);
            take(slot.swap(&each));
        }
        take(slot.swap(nullptr));
    }
    static void take(item* taken) {
        if (taken != nullptr) taken->taken.set(taken->fiber.get());
    }
    void after() {
        for (const item& each : items) check(each.taken.get() == 1, "each item is taken");
    }

    detail::basic_next_slot<item, relacy_sync> slot;
    item items[2];
};

TEST(next_slot, needs_its_memory_orders) {
    expect_orders_suffice_and_are_needed<each_item_goes_to_one>("sched/next_slot.hpp");
}

}  // namespace
}  // namespace mioco::relacy
