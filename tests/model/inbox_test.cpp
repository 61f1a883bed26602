// SPDX-License-Identifier: MPL-2.0
#include "sched/inbox.hpp"

#include "model/expect_steps.hpp"

namespace mioco::model {
namespace {

/// Two who put in two items each, and one who takes all, twice.
template <class Sync = model_sync>
struct ordering {
    struct item {
        item* next = nullptr;
        int number = 0;
    };

    explicit ordering(checker& run) {
        for (int i = 0; i < 2; ++i) {
            run.thread("pusher", [this, i] {
                for (int k = 0; k < 2; ++k) {
                    items[i][k].number = 2 * i + k;
                    inbox.push(items[i][k]);
                }
            });
        }
        run.name(inbox, "inbox");
        run.name(items, "items");
        run.thread("worker", [this] { take(); });
        run.at_end([this] {
            take();
            check(seen == 4, "every item is taken");
        });
    }

    void take() {
        for (item* each = inbox.take_all(); each != nullptr; each = each->next) {
            const int pusher = each->number / 2;
            check(each->number % 2 == from[pusher], "items of one pusher come in order, each once");
            ++from[pusher];
            ++seen;
        }
    }

    detail::basic_inbox<item, Sync> inbox;
    item items[2][2];
    int from[2] = {0, 0};
    int seen = 0;
};

struct pushes_blindly : no_fault {
    static constexpr bool blind_weak_exchange = true;
};
struct takes_in_two_steps : no_fault {
    static constexpr bool torn_exchange = true;
};

TEST(inbox, items_come_in_order) { expect_holds(explore<ordering<>>({})); }

TEST(inbox, mutant_that_pushes_without_comparing_loses_an_item) {
    expect_violation(explore<ordering<basic_model_sync<pushes_blindly>>>({}),
                     "items of one pusher come in order, each once");
}

TEST(inbox, mutant_that_takes_in_two_steps_loses_an_item) {
    expect_violation(explore<ordering<basic_model_sync<takes_in_two_steps>>>({}),
                     "every item is taken");
}

TEST(inbox, needs_each_step) {
    expect_needs_each_step("sched/inbox.hpp", {[] { return explore<ordering<>>({}); }});
}

}  // namespace
}  // namespace mioco::model
