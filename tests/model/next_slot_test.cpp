// SPDX-License-Identifier: MPL-2.0
#include "sched/next_slot.hpp"

#include "model/expect_steps.hpp"

namespace mioco::model {
namespace {

struct faults {
    bool forgets_thieves = false;  // the owner does not exchange
};

/// A worker that makes two fibers ready and then takes what is there, and a neighbour that takes too.
template <class Sync = model_sync>
struct owner_and_thief {
    struct item {
        atomic<int> taken;
    };

    owner_and_thief(checker& run, faults with) : wrong(with) {
        run.name(slot, "slot");
        run.name(items, "items");
        run.thread("owner", [this] {
            for (item& each : items) take(swap(&each));
            take(swap(nullptr));
        });
        run.thread("thief", [this] {
            for (int i = 0; i < 2; ++i) {
                if (!slot.empty()) take(slot.take());
            }
        });
        run.at_end([this] {
            check(slot.empty(), "nothing is left in the slot");
            for (item& each : items) check(each.taken.load() == 1, "each item is taken once");
        });
    }

    item* swap(item* next) {
        return wrong.forgets_thieves ? slot.swap_unshared(next) : slot.swap(next);
    }
    void take(item* taken) {
        if (taken != nullptr) taken->taken.fetch_add(1);
    }

    const faults wrong;
    detail::basic_next_slot<item, Sync> slot;
    item items[2];
};

struct tears_exchanges : no_fault {
    static constexpr bool torn_exchange = true;
};

TEST(next_slot, gives_each_item_to_one) { expect_holds(explore<owner_and_thief<>>({}, faults{})); }

TEST(next_slot, mutant_whose_exchange_is_torn_gives_an_item_to_two) {
    expect_violation(explore<owner_and_thief<basic_model_sync<tears_exchanges>>>({}, faults{}),
                     "each item is taken once");
}

TEST(next_slot, mutant_that_swaps_unshared_beside_a_thief) {
    expect_violation(explore<owner_and_thief<>>({}, faults{.forgets_thieves = true}),
                     "each item is taken once");
}

/// A worker without neighbours.
struct owner_alone {
    explicit owner_alone(checker& run) {
        run.name(slot, "slot");
        run.name(items, "items");
        run.thread("owner", [this] {
            check(slot.swap_unshared(&items[0]) == nullptr, "there is none");
            check(slot.swap_unshared(&items[1]) == &items[0], "the last one comes out");
            check(slot.swap_unshared(nullptr) == &items[1], "the last one comes out");
            check(slot.empty(), "nothing is left in the slot");
        });
    }

    detail::basic_next_slot<int, model_sync> slot;
    int items[2] = {};
};

TEST(next_slot, needs_each_step) {
    expect_needs_each_step("sched/next_slot.hpp",
                           {[] { return explore<owner_alone>({}); },
                            [] { return explore<owner_and_thief<>>({}, faults{}); }});
}

}  // namespace
}  // namespace mioco::model
