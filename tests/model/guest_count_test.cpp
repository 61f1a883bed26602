// SPDX-License-Identifier: MPL-2.0
#include "sched/guest_count.hpp"

#include "model/expect_steps.hpp"
#include "model/model_fiber.hpp"

namespace mioco::model {
namespace {

struct faults {
    bool enters_late = false;    // after completing the wait
    bool does_not_wait = false;  // the runtime's end does not look for guests
};

/// A runtime with one fiber that waits; a thread of elsewhere that wakes it, as waker::complete; and the runtime's end.
struct foreign_wake {
    foreign_wake(checker& run, faults with) : wrong(with) {
        run.name(fiber, "fiber");
        run.name(guests, "guests");
        run.name(published, "published");
        run.name(ended, "ended");
        run.name(alive, "alive");
        run.thread("fiber", [this] {
            const std::uint64_t epoch = fiber.word.begin(false);
            published.store(epoch);
            fiber.park();
            ended.store(1);
        });
        run.thread("guest", [this] { wake(); });
        run.thread("owner", [this] {
            block_until([this] { return ended.load() != 0; });
            if (!wrong.does_not_wait) block_until([this] { return guests.none(); });
            alive.store(0);
        });
    }

    void wake() {
        block_until([this] { return published.load() != 0; });
        if (!fiber.word.claim(published.load(), detail::wait_arm::event)) return;
        if (!wrong.enters_late) touch([this] { guests.enter(); });
        const bool parked = fiber.word.complete();
        if (wrong.enters_late) touch([this] { guests.enter(); });
        if (parked) touch([this] { fiber.make_ready(); });
        touch([this] { guests.leave(); });
    }

    template <class Write>
    void touch(Write write) {
        check(alive.load() == 1, "nobody writes into a runtime after its end");
        write();
    }

    const faults wrong;
    model_fiber<model_sync> fiber{1};
    detail::basic_guest_count<model_sync> guests;
    atomic<std::uint64_t> published;
    atomic<int> ended;
    atomic<int> alive{1};
};

TEST(guest_count, a_runtime_lives_until_its_guests_have_left) {
    expect_holds(explore<foreign_wake>({}, faults{}));
}

TEST(guest_count, mutant_that_enters_after_the_wait_is_complete) {
    expect_violation(explore<foreign_wake>({}, faults{.enters_late = true}),
                     "nobody writes into a runtime after its end");
}

TEST(guest_count, mutant_whose_end_does_not_wait_for_guests) {
    expect_violation(explore<foreign_wake>({}, faults{.does_not_wait = true}),
                     "nobody writes into a runtime after its end");
}

TEST(guest_count, needs_each_step) {
    expect_needs_each_step("sched/guest_count.hpp",
                           {[] { return explore<foreign_wake>({}, faults{}); }});
}

}  // namespace
}  // namespace mioco::model
