// SPDX-License-Identifier: MPL-2.0
#include "fiber/wait_slot.hpp"

#include "model/expect_steps.hpp"
#include "model/model_fiber.hpp"

namespace mioco::model {
namespace {

struct faults {
    bool overlooks_the_end =
        false;             // who detaches does not look whether the fiber has ended already
    bool lingers = false;  // a fiber uses its block when it has told its end
};

/// A fiber that ends, as worker::tell_end, and the owner of its handle. Who is the last gives the block back.
template <class Sync = model_sync>
struct ending {
    enum class owner { joins, detaches, gives_up };

    ending(checker& run, owner what, faults with = {}) : wrong(with) {
        run.name(end, "end");
        run.name(joiner, "joiner");
        run.name(disposed, "disposed");
        run.name(given_back, "given back");
        run.thread("fiber", [this] { finish(); });
        switch (what) {
            case owner::joins:
                run.thread("joiner", [this] { check(join(), "nobody cancels"); });
                break;
            case owner::detaches:
                run.thread("owner", [this] { detach(); });
                break;
            case owner::gives_up:
                run.thread("joiner", [this] {
                    if (!join()) detach();
                });
                run.thread("canceller", [this] { joiner.ask_to_stop(); });
                break;
        }
        run.at_end([this] {
            check(disposed.load() == 1, "the outcome is disposed of once");
            check(given_back.load() == 1, "the block is given back once");
            end.reset();
            check(!end.is_ready() && !end.is_closed(), "the block's next fiber has not ended");
        });
    }

    void finish() {
        using ending_of = detail::basic_wait_word<Sync>::ending;
        const auto waiting = end.try_post();
        if (!waiting) {
            disposed.fetch_add(1);
            given_back.fetch_add(1);
            return;
        }
        if (wrong.lingers) check(given_back.load() == 0, "a fiber's block is its own");
        if (!*waiting) return;
        const auto found =
            joiner.word.claim_and_complete(waiting->epoch(), detail::wait_arm::event);
        if (found == ending_of::won_parked) joiner.make_ready();
    }

    // As wait_for_end; whether it has seen the end.
    bool join() {
        while (!end.is_ready()) {
            const std::uint64_t epoch = joiner.word.begin(false);
            const detail::wait_token token = joiner.token(epoch);
            if (end.arm_any(token) == detail::basic_wait_slot<Sync>::arming::armed) {
                joiner.park();
            } else {
                joiner.abandon(epoch);
            }
            end.disarm(token);
            if (joiner.word.winner() == detail::wait_arm::cancel && !end.is_ready()) return false;
        }
        dispose();
        return true;
    }

    void dispose() {
        disposed.fetch_add(1);
        given_back.fetch_add(1);
    }

    void detach() {
        const bool ended = end.close_and_consume();
        if (ended && !wrong.overlooks_the_end) dispose();
    }

    const faults wrong;
    detail::basic_wait_slot<Sync> end;
    model_fiber<Sync> joiner{1};
    atomic<int> disposed;
    atomic<int> given_back;
};

struct posts_blindly : no_fault {
    static constexpr bool blind_weak_exchange = true;
};

using owner = ending<>::owner;
constexpr bounds all{.preemptions = 99};

TEST(join, the_end_of_a_fiber_wakes_its_joiner) {
    expect_holds(explore<ending<>>(all, owner::joins));
}

TEST(join, a_detached_fiber_s_outcome_is_disposed_of_once) {
    expect_holds(explore<ending<>>(all, owner::detaches));
}

TEST(join, a_cancelled_joiner_leaves_the_handle_as_it_was) {
    expect_holds(explore<ending<>>(all, owner::gives_up));
}

TEST(join, mutant_that_detaches_without_a_look_leaks_the_outcome) {
    expect_violation(explore<ending<>>(all, owner::detaches, faults{.overlooks_the_end = true}),
                     "the outcome is disposed of once");
}

TEST(join, mutant_that_uses_its_block_when_it_has_told_its_end) {
    for (const owner what : {owner::joins, owner::detaches}) {
        expect_violation(explore<ending<>>(all, what, faults{.lingers = true}),
                         "a fiber's block is its own");
    }
}

TEST(join, mutant_that_posts_over_closed_leaks_the_outcome) {
    using blind = ending<basic_model_sync<posts_blindly>>;
    expect_violation(explore<blind>(all, blind::owner::detaches),
                     "the outcome is disposed of once");
}

/// One who waits for an event, and one who ends the slot, as close_fd.
struct slot_closes {
    explicit slot_closes(checker& run) {
        run.name(slot, "slot");
        run.name(waiting, "waiter");
        run.thread("waiter", [this] {
            while (!slot.is_closed()) {
                slot.consume(waiting.index);
                const std::uint64_t epoch = waiting.word.begin(false);
                if (slot.arm(waiting.token(epoch)) == slot_type::arming::armed) {
                    waiting.park();
                } else {
                    waiting.abandon(epoch);
                }
            }
        });
        run.thread("closer", [this] {
            const detail::wait_token token = slot.close();
            if (token && waiting.word.claim(token.epoch(), detail::wait_arm::closed))
                waiting.complete();
        });
    }

    using slot_type = detail::basic_wait_slot<model_sync>;
    slot_type slot;
    model_fiber<model_sync> waiting{1};
};

TEST(wait_slot, needs_each_step) {
    expect_needs_each_step("fiber/wait_slot.hpp",
                           {[] { return explore<slot_closes>({}); },
                            [] { return explore<ending<>>(all, owner::detaches); },
                            [] { return explore<ending<>>(all, owner::joins); },
                            [] { return explore<ending<>>(all, owner::gives_up); }});
}

}  // namespace
}  // namespace mioco::model
