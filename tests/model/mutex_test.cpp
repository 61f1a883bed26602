// SPDX-License-Identifier: MPL-2.0
#include <utility>

#include <mioco/detail/lock_word.hpp>
#include <mioco/detail/spin_lock.hpp>
#include <mioco/detail/wait_queue.hpp>

#include "model/expect_steps.hpp"
#include "model/model_fiber.hpp"

namespace mioco::model {
namespace {

using detail::arm_queue;
using detail::queued_arm;
using detail::wait_arm;
using detail::wait_token;

struct faults {
    bool announces_unguarded = false;  // that it gets into line
    bool stops_at_lost_claim = false;  // hands over to nobody when the first in line has given up
    bool rouses_no_thread = false;     // that others may pass
    bool leaves_word_held = false;     // takes a free mutex without a word of those in line
};

/// Fibers and threads that each take and give back a mutex once, and a deadline that ends the wait of the first fiber. Follows mutex::lock_waiting
/// and mutex::hand_over; a thread differs from a fiber by what it is given.
template <class Sync = model_sync>
struct holders {
    static constexpr int most_passes = 1;

    struct holder {
        explicit holder(std::uint32_t number) : waiting(number) {}
        model_fiber<Sync> waiting;
        bool is_thread = false;
        int passed = 0;  // guarded
    };

    holders(checker& run, int fibers, int threads, bool with_deadline, faults with) : wrong(with) {
        run.name(word, "word");
        run.name(guard, "guard");
        run.name(inside, "inside");
        for (int i = 0; i < fibers + threads; ++i) {
            holder& each = all[i];
            each.is_thread = i >= fibers;
            run.name(each.waiting, each.is_thread ? "thread" : "fiber");
            run.thread(each.is_thread ? "thread" : "fiber", [this, &each] { take_turn(each); });
        }
        if (with_deadline) {
            run.thread("timer", [this] {
                model_fiber<Sync>& first = all[0].waiting;
                if (const auto epoch = first.word.open_epoch();
                    epoch && first.word.claim(*epoch, wait_arm::timer))
                    first.complete();
            });
        }
        run.at_end([this] {
            check(line.empty(), "nobody is left in line");
            check(word.try_take(), "the mutex is free in the end");
        });
    }

    void take_turn(holder& self) {
        if (!word.try_take() && !wait(self)) return;
        check(inside.exchange(1) == 0, "one at a time is inside");
        inside.store(0);
        if (!word.try_give_back()) hand_over();
    }

    // False at the deadline.
    bool wait(holder& self) {
        for (;;) {
            if (wrong.announces_unguarded && take_or_announce()) return true;
            guard.lock();
            if (!wrong.announces_unguarded && take_or_announce()) {
                guard.unlock();
                return true;
            }
            queued_arm arm;
            if (self.is_thread) arm.item = &self;
            arm.token = self.waiting.token(self.waiting.word.begin(true)).raw();
            self.passed > 0 ? line.push_first(arm) : line.push(arm);
            guard.unlock();
            self.waiting.park();
            if (self.waiting.word.winner() != wait_arm::first) {
                guard.lock();
                if (arm.linked) line.remove(arm);
                guard.unlock();
                return false;
            }
            if (!arm.refused) return true;
            ++self.passed;
        }
    }

    bool take_or_announce() {
        return word.take_or_announce(!wrong.leaves_word_held && !line.empty());
    }

    [[nodiscard]] static bool may_be_passed(const queued_arm& arm) {
        const auto* const thread = static_cast<const holder*>(arm.item);
        return thread != nullptr && thread->passed < most_passes;
    }

    holder* claim(const queued_arm& arm) {
        const wait_token token(arm.token);
        holder& each = all[token.index()];
        return each.waiting.word.claim(token.epoch(), wait_arm::first) ? &each : nullptr;
    }

    void hand_over() {
        holder* roused = nullptr;
        holder* given = nullptr;
        guard.lock();
        queued_arm* next = line.empty() ? nullptr : &line.first();
        while (next != nullptr && given == nullptr) {
            queued_arm& each = *std::exchange(next, next->next);
            const bool refused = may_be_passed(each);
            if (refused && (roused != nullptr || wrong.rouses_no_thread)) continue;
            line.remove(each);
            each.refused = refused;
            (refused ? roused : given) = claim(each);
            if (wrong.stops_at_lost_claim) break;
        }
        if (given != nullptr) {
            word.hand_over(!line.empty());
        } else {
            word.let_go();
        }
        guard.unlock();
        if (roused != nullptr) roused->waiting.complete();
        if (given != nullptr) given->waiting.complete();
    }

    const faults wrong;
    detail::basic_lock_word<Sync> word;
    detail::basic_spin_lock<Sync> guard;
    arm_queue line;
    atomic<int> inside;
    holder all[3] = {holder(0), holder(1), holder(2)};
};

struct takes_blindly : no_fault {
    static constexpr bool blind_strong_exchange = true;
};

TEST(mutex, fibers_exclude_each_other_and_all_go_on) {
    expect_holds(explore<holders<>>({}, 3, 0, false, faults{}));
    expect_holds(explore<holders<>>({}, 3, 0, true, faults{}));
}

TEST(mutex, fibers_and_threads_exclude_each_other_and_all_go_on) {
    expect_holds(explore<holders<>>({}, 2, 1, true, faults{}));
    expect_holds(explore<holders<>>({}, 1, 2, true, faults{}));
}

TEST(mutex, mutant_that_takes_without_comparing) {
    EXPECT_FALSE(
        explore<holders<basic_model_sync<takes_blindly>>>({}, 2, 0, false, faults{}).holds);
}

TEST(mutex, mutant_that_announces_itself_before_it_has_the_guard) {
    expect_violation(explore<holders<>>({}, 2, 0, false, faults{.announces_unguarded = true}),
                     waits_for_ever);
}

TEST(mutex, mutant_that_stops_where_a_waiter_has_given_up) {
    expect_violation(explore<holders<>>({}, 3, 0, true, faults{.stops_at_lost_claim = true}),
                     waits_for_ever);
}

TEST(mutex, mutant_that_lets_go_and_wakes_no_thread) {
    expect_violation(explore<holders<>>({}, 1, 1, false, faults{.rouses_no_thread = true}),
                     waits_for_ever);
}

TEST(mutex, mutant_that_forgets_those_in_line_when_it_takes) {
    expect_violation(explore<holders<>>({}, 1, 2, true, faults{.leaves_word_held = true}),
                     waits_for_ever);
}

TEST(mutex, needs_each_step) {
    expect_needs_each_step("mioco/detail/lock_word.hpp",
                           {[] { return explore<holders<>>({}, 2, 0, false, faults{}); },
                            [] { return explore<holders<>>({}, 1, 1, false, faults{}); },
                            [] { return explore<holders<>>({}, 3, 0, false, faults{}); },
                            [] { return explore<holders<>>({}, 1, 2, true, faults{}); }});
}

}  // namespace
}  // namespace mioco::model
