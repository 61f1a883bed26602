// SPDX-License-Identifier: MPL-2.0
#include "sched/thief_gate.hpp"

#include <array>

#include "model/expect_steps.hpp"
#include "sched/next_slot.hpp"
#include "sched/run_queue.hpp"

namespace mioco::model {
namespace {

struct faults {
    bool owner_does_not_ask = false;  // it always takes as if nobody stole
    bool thief_does_not_ask = false;  // it steals without a word
    bool thief_ends_early = false;    // it says that it has gone, then steals
    bool thief_takes_no_no = false;   // it steals though the owner is inside
};

/// A worker with a queue and a slot, and thieves, as worker::next_local, worker::make_ready and neighbourhood::steal_from.
struct owner_and_thieves {
    struct item {
        atomic<int> taken;
    };
    static constexpr int most_items = 4;

    owner_and_thieves(checker& run, int thieves, faults with) : wrong(with) {
        run.name(gate, "gate");
        run.name(queue, "queue");
        run.name(slot, "slot");
        run.name(items, "items");
        run.thread("owner", [this] { own(); });
        for (int i = 0; i < thieves; ++i) run.thread("thief", [this] { steal(); });
        run.at_end([this] {
            take(slot.take());
            while (item* const left = queue.pop()) take(left);
            for (const item& each : items) check(each.taken.load() == 1, "an item is taken once");
        });
    }

    void own() {
        for (int i = 0; i < 2; ++i) check(queue.push(&items[i]), "there is room");
        for (int i = 2; i < most_items; ++i) take(put_into_slot(&items[i]));
        for (int i = 0; i < 2; ++i) take(next());
    }
    item* put_into_slot(item* ready) {
        if (!enter()) return slot.swap(ready);
        item* const displaced = slot.swap_unshared(ready);
        leave();
        return displaced;
    }
    item* next() {
        const bool alone = enter();
        item* found = nullptr;
        if (!slot.empty()) found = alone ? slot.swap_unshared(nullptr) : slot.swap(nullptr);
        if (found == nullptr) found = alone ? queue.pop_unshared() : queue.pop();
        if (alone) leave();
        return found;
    }
    bool enter() { return wrong.owner_does_not_ask || gate.enter(); }
    void leave() {
        if (!wrong.owner_does_not_ask) gate.leave();
    }

    void steal() {
        if (!wrong.thief_does_not_ask && !gate.begin() && !wrong.thief_takes_no_no) return;
        if (wrong.thief_ends_early) gate.end();
        std::array<item*, 2> loot{};
        const std::size_t count = queue.steal(loot);
        for (std::size_t i = 0; i < count; ++i) take(loot[i]);
        take(slot.take());
        if (!wrong.thief_does_not_ask && !wrong.thief_takes_no_no && !wrong.thief_ends_early)
            gate.end();
    }

    void take(item* got) {
        if (got != nullptr) check(got->taken.fetch_add(1) == 0, "an item is taken once");
    }

    const faults wrong;
    detail::basic_thief_gate<model_sync> gate;
    detail::basic_run_queue<item, 4, model_sync> queue;
    detail::basic_next_slot<item, model_sync> slot;
    item items[most_items];
};

TEST(thief_gate, each_item_goes_to_the_owner_or_a_thief) {
    expect_holds(explore<owner_and_thieves>({}, 1, faults{}));
    expect_holds(explore<owner_and_thieves>({.preemptions = 2}, 2, faults{}));
}

TEST(thief_gate, mutant_whose_owner_does_not_ask) {
    expect_violation(explore<owner_and_thieves>({}, 1, faults{.owner_does_not_ask = true}),
                     "an item is taken once");
}

TEST(thief_gate, mutant_whose_thief_does_not_ask) {
    expect_violation(explore<owner_and_thieves>({}, 1, faults{.thief_does_not_ask = true}),
                     "an item is taken once");
}

TEST(thief_gate, mutant_whose_thief_does_not_wait_for_an_owner_inside) {
    expect_violation(explore<owner_and_thieves>({}, 1, faults{.thief_takes_no_no = true}),
                     "an item is taken once");
}

TEST(thief_gate, mutant_whose_thief_says_too_early_that_it_has_gone) {
    expect_violation(explore<owner_and_thieves>({}, 1, faults{.thief_ends_early = true}),
                     "an item is taken once");
}

/// A thief that comes while the owner goes in and out, and again when it is outside.
struct thief_that_comes_again {
    explicit thief_that_comes_again(checker& run) {
        run.name(gate, "gate");
        run.name(is_outside, "is outside");
        run.thread("owner", [this] {
            if (gate.enter()) gate.leave();
            is_outside.store(1);
        });
        run.thread("thief", [this] {
            if (gate.begin()) gate.end();
            block_until([this] { return is_outside.load() != 0; });
            check(gate.begin(), "a thief comes in while the owner is outside");
            gate.end();
        });
        run.at_end([this] { check(gate.enter(), "the owner is alone in the end"); });
    }

    detail::basic_thief_gate<model_sync> gate;
    atomic<int> is_outside;
};

TEST(thief_gate, lets_thieves_in_while_the_owner_is_outside) {
    expect_holds(explore<thief_that_comes_again>({}));
}

TEST(thief_gate, needs_each_step) {
    expect_needs_each_step("sched/thief_gate.hpp",
                           {[] { return explore<thief_that_comes_again>({}); },
                            [] { return explore<owner_and_thieves>({}, 1, faults{}); }});
}

}  // namespace
}  // namespace mioco::model
