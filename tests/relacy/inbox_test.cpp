// SPDX-License-Identifier: MPL-2.0
#include "sched/inbox.hpp"

#include "relacy/explore.hpp"

namespace mioco::relacy {
namespace {

struct item {
    plain<item*> next;
    plain<int> fiber;
};

/// Two put in, and one of them takes all.
struct hands_over : scenario<hands_over> {
    void thread(unsigned number) {
        items[number].fiber.set(1);
        inbox.push(items[number]);
        if (number == 0) take();
    }
    void after() {
        take();
        check(seen == 2, "every item is taken");
    }
    void take() {
        for (item* each = inbox.take_all(); each != nullptr; each = each->next)
            seen += each->fiber.get();
    }

    detail::basic_inbox<item, relacy_sync> inbox;
    item items[2];
    int seen = 0;
};

/// A worker that says that it sleeps, and looks once more; a waker that puts in, and looks whether it sleeps.
struct goes_to_sleep : scenario<goes_to_sleep> {
    void thread(unsigned number) {
        if (number == 0) {
            asleep.store(true);
            is_seen = !inbox.empty();
        } else {
            inbox.push(brought);
            is_roused = asleep.load();
        }
    }
    void after() { check(is_seen || is_roused, "a worker never sleeps with work"); }

    detail::basic_inbox<item, relacy_sync> inbox;
    item brought;
    atomic<bool> asleep;
    bool is_seen = false;
    bool is_roused = false;
};

TEST(inbox, needs_its_memory_orders) {
    expect_orders_suffice_and_are_needed<hands_over, goes_to_sleep>("sched/inbox.hpp");
}

}  // namespace
}  // namespace mioco::relacy
