// SPDX-License-Identifier: MPL-2.0
#include "sched/run_queue.hpp"

#include <array>

#include "model/expect_steps.hpp"

namespace mioco::model {
namespace {

/// An owner that puts items in and takes some out, and thieves. The ring is tiny, so that it wraps.
template <class Sync = model_sync>
struct stealing {
    struct shape {
        int items;
        int thieves;
        int pops_between = 0;  // after each push
        bool up_to_position = false;
        bool unshared = false;  // the owner knows that nobody steals
    };
    struct item {
        atomic<int> taken;
    };
    using queue_type = detail::basic_run_queue<item, 4, Sync>;
    static constexpr int most_items = 6;

    stealing(checker& run, shape s) {
        run.name(queue, "queue");
        run.name(items, "items");
        run.thread("owner", [this, s] { own(s); });
        for (int i = 0; i < s.thieves; ++i) run.thread("thief", [this, s] { steal(s); });
        run.at_end([this, s] {
            for (int i = 0; i < s.items; ++i) {
                if (item* const left = queue.pop()) take(left, UINT64_MAX);
            }
            for (int i = 0; i < s.items; ++i)
                check(items[i].taken.load() == 1, "every item is taken");
        });
    }

    void own(shape s) {
        for (int i = 0; i < s.items; ++i) {
            while (!queue.push(&items[i])) pop(s);
            for (int k = 0; k < s.pops_between; ++k) pop(s);
        }
        pop(s);
    }

    void pop(shape s) {
        item* const got = s.unshared ? queue.pop_unshared() : queue.pop();
        if (got != nullptr) take(got, UINT64_MAX);
    }

    void steal(shape s) {
        const std::uint64_t up_to = s.up_to_position ? queue.position() : UINT64_MAX;
        std::array<item*, queue_type::most_stolen> loot{};
        const std::size_t count = queue.steal(loot, up_to);
        check(count <= loot.size(), "a thief takes half at most");
        for (std::size_t i = 0; i < count; ++i) take(loot[i], up_to);
    }

    void take(item* got, std::uint64_t up_to) {
        const std::ptrdiff_t number = got - items;
        check(got != nullptr && number >= 0 && number < most_items, "no item is invented");
        check(static_cast<std::uint64_t>(number) < up_to,
              "nothing is stolen that came after the position");
        check(got->taken.fetch_add(1) == 0, "an item is taken once");
    }

    queue_type queue;
    item items[most_items];
};

struct exchanges_blindly : no_fault {
    static constexpr bool blind_strong_exchange = true;
};
struct pops_blindly : no_fault {
    static constexpr bool blind_weak_exchange = true;
};

TEST(run_queue, each_item_goes_to_the_owner_or_one_of_two_thieves) {
    expect_holds(explore<stealing<>>({}, stealing<>::shape{3, 2}));
}

TEST(run_queue, each_item_is_taken_once_when_the_ring_wraps) {
    expect_holds(explore<stealing<>>({}, stealing<>::shape{6, 1, 1}));
    expect_holds(explore<stealing<>>({}, stealing<>::shape{6, 2}));
}

TEST(run_queue, a_thief_takes_nothing_that_came_after_its_position) {
    expect_holds(explore<stealing<>>({}, stealing<>::shape{4, 2, 0, true}));
}

TEST(run_queue, mutant_whose_thieves_do_not_compare_take_an_item_twice) {
    expect_violation(explore<stealing<basic_model_sync<exchanges_blindly>>>(
                         {}, stealing<basic_model_sync<exchanges_blindly>>::shape{3, 2}),
                     "an item is taken once");
}

TEST(run_queue, mutant_whose_owner_does_not_compare_takes_an_item_twice) {
    expect_violation(explore<stealing<basic_model_sync<pops_blindly>>>(
                         {}, stealing<basic_model_sync<pops_blindly>>::shape{3, 1}),
                     "an item is taken once");
}

TEST(run_queue, needs_each_step) {
    using shape = stealing<>::shape;
    expect_needs_each_step(
        "sched/run_queue.hpp",
        {[] { return explore<stealing<>>({}, shape{.items = 6, .thieves = 0, .unshared = true}); },
         [] { return explore<stealing<>>({}, shape{.items = 3, .thieves = 1}); },
         [] { return explore<stealing<>>({}, shape{.items = 6, .thieves = 1, .pops_between = 1}); },
         [] { return explore<stealing<>>({}, shape{.items = 3, .thieves = 2}); }});
}

}  // namespace
}  // namespace mioco::model
