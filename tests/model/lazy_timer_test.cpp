// SPDX-License-Identifier: MPL-2.0
#include "time/lazy_timer.hpp"

#include <array>
#include <mutex>
#include <optional>
#include <vector>

#include "base/lock.hpp"
#include "model/expect_steps.hpp"
#include "model/wait_word_text.hpp"

namespace mioco::model {
namespace {

using detail::nanoseconds_t;
using detail::wait_arm;

struct faults {
    bool drops_what_is_not_due =
        false;  // a popper does not push the entry of a later deadline again
    bool arms_before_parking = false;
    bool looks_before_disarming = false;
};

/// A fiber with successive waits, each with a deadline; a waker that ends some early; the clock; and two workers that fire what
/// is due, from one heap. As in wait_word_test, what runs after each switch is a thread of its own.
template <class Sync = model_sync>
struct timed_fiber {
    struct shape {
        std::vector<int> deadlines;
        int wakes;  // at most
        int end_of_time;
        int poppers = 2;
        bool cleans = false;  // somebody drops clutter from the heap, once
        faults wrong = {};
        bool masks_first = false;  // the first wait is ended by no deadline of `with_deadline`
    };
    using timer_type = detail::basic_lazy_timer<Sync>;
    using action = typename timer_type::action;
    static constexpr int latest = 9;

    timed_fiber(checker& run, shape with) : s(std::move(with)) {
        run.name(word, "word", "", wait_word_text);
        run.name(timer, "timer");
        run.name(heap_lock, "lock");
        run.name(heap, "heap");
        run.name(now, "now");
        run.name(leaves, "leaves");
        run.name(queued, "queued");
        run.name(published, "published");
        run.name(ended, "ended");
        run.thread("fiber", [this] { fiber(); });
        for (std::size_t i = 0; i < s.deadlines.size(); ++i)
            run.thread("next", [this, i] { settle(i); });
        if (s.wakes > 0) run.thread("waker", [this] { wake(); });
        for (int i = 0; i < s.poppers; ++i) run.thread("popper", [this] { fire(); });
        run.thread("clock", [this] {
            for (int time = 1; time <= s.end_of_time; ++time) now.store(time);
        });
        if (s.cleans) run.thread("cleaner", [this] { drop_clutter(); });
    }

    void fiber() {
        for (std::size_t i = 0; i < s.deadlines.size(); ++i) {
            checker::current().forget(i);
            timer.set(s.deadlines[i]);
            const bool masked = i == 0 && s.masks_first;
            const std::uint64_t epoch = word.begin(masked);
            published.store(epoch);
            leaves[i].store(1);
            block_until([this] { return queued.load() != 0; });
            check(queued.fetch_sub(1) == 1, "a fiber is queued once");
            check(!masked || word.winner() != wait_arm::timer, "no masked wait ends by a deadline");
            check(word.winner() != wait_arm::timer || now.load() >= s.deadlines[i],
                  "no deadline comes early");
        }
        ended.store(1);
    }

    // As worker::settle_parked.
    void settle(std::size_t i) {
        block_until([this, i] { return leaves[i].load() != 0; });
        const auto deadline = static_cast<int>(timer.deadline());
        if (s.wrong.arms_before_parking) {
            if (timer.arm(deadline)) push(deadline);
            if (word.park().is_over) make_ready();
        } else {
            if (word.park().is_over) return make_ready();
            if (timer.arm(deadline)) push(deadline);
        }
    }

    void wake() {
        for (int i = 0; i < s.wakes; ++i) {
            checker::current().forget(static_cast<std::uint64_t>(i));
            block_until([this] { return published.load() != 0 || ended.load() != 0; });
            const std::uint64_t epoch = published.exchange(0);
            if (epoch == 0) return;
            if (word.claim(epoch, wait_arm::event)) finish();
        }
    }

    // As timer_heap::fire.
    void fire() {
        for (;;) {
            checker::current().forget(0);
            block_until([this] { return earliest() <= now.load() || ended.load() != 0; });
            const int time = now.load();
            if (!pop_due(time)) {
                if (ended.load() != 0) return;
                continue;
            }
            std::optional<std::uint64_t> seen;
            if (s.wrong.looks_before_disarming) seen = word.open_epoch();
            auto verdict = timer.popped(word, time);
            if (s.wrong.looks_before_disarming && !seen) verdict.what = action::drop;
            if (verdict.what == action::push_again && !s.wrong.drops_what_is_not_due) {
                push(static_cast<int>(verdict.deadline));
            } else if (verdict.what == action::expire &&
                       word.claim(verdict.epoch, wait_arm::timer)) {
                finish();
            }
        }
    }

    void push(int deadline) {
        const std::scoped_lock held(heap_lock);
        heap[static_cast<std::size_t>(deadline)].fetch_add(1);
    }

    bool pop_due(int time) {
        const std::scoped_lock held(heap_lock);
        const int first = earliest();
        if (first > time) return false;
        heap[static_cast<std::size_t>(first)].fetch_sub(1);
        return true;
    }

    // As timer_heap::drop_clutter.
    void drop_clutter() {
        const std::scoped_lock held(heap_lock);
        for (std::size_t i = 0; i <= latest; ++i) {
            if (heap[i].load() != 0 && !timer.is_armed_at(static_cast<nanoseconds_t>(i)))
                heap[i].store(0);
        }
    }

    int earliest() {
        int first = 0;
        while (first <= latest && heap[static_cast<std::size_t>(first)].load() == 0) ++first;
        return first;
    }

    void finish() {
        if (word.complete()) make_ready();
    }
    void make_ready() { queued.fetch_add(1); }

    const shape s;
    detail::basic_wait_word<Sync> word;
    timer_type timer;
    detail::basic_lock<Sync> heap_lock;
    std::array<atomic<int>, latest + 1> heap;  // how many entries of each deadline
    atomic<int> now;
    atomic<int> leaves[3];  // the fiber has been left for the n-th wait
    atomic<std::uint64_t> published;
    atomic<int> queued;
    atomic<int> ended;
};

using fiber = timed_fiber<>;
constexpr bounds limits{.values_are_all = true};

struct arms_blindly : no_fault {
    static constexpr bool blind_weak_exchange = true;
};

TEST(lazy_timer, each_of_three_waits_ends_by_its_deadline_or_before) {
    expect_holds(explore<fiber>({.preemptions = slow ? 1 : 2, .values_are_all = true},
                                fiber::shape{{2, 3, 3}, 2, 3, 1}));
}

TEST(lazy_timer, two_poppers_lose_no_deadline) {
    expect_holds(explore<fiber>({.preemptions = slow ? 1 : 2, .values_are_all = true},
                                fiber::shape{{1, 2}, 1, 2}));
}

TEST(lazy_timer, no_deadline_is_lost_when_a_later_wait_relies_on_an_old_entry) {
    expect_holds(explore<fiber>(limits, fiber::shape{{1, 2}, 1, 2, 1}));
}

TEST(lazy_timer, dropping_clutter_loses_no_deadline) {
    // The first deadline lies beyond the end of time: only a wake ends it.
    expect_holds(explore<fiber>(limits, fiber::shape{{9, 2}, 1, 2, 1, true}));
}

TEST(lazy_timer, a_deadline_that_is_masked_is_there_for_the_next_wait) {
    constexpr int ambient = 1;
    static_assert(detail::is_ambient(ambient));
    expect_holds(
        explore<fiber>(limits, fiber::shape{{ambient, ambient}, 1, 2, 1, false, {}, true}));
}

TEST(lazy_timer, mutant_that_drops_an_entry_that_is_not_due) {
    expect_violation(
        explore<fiber>(limits,
                       fiber::shape{{1, 2}, 1, 2, 1, false, {.drops_what_is_not_due = true}}),
        waits_for_ever);
}

TEST(lazy_timer, mutant_that_arms_before_it_parks) {
    expect_violation(
        explore<fiber>(limits, fiber::shape{{1, 2}, 1, 2, 1, false, {.arms_before_parking = true}}),
        waits_for_ever);
}

TEST(lazy_timer, mutant_that_looks_before_it_disarms) {
    expect_violation(
        explore<fiber>(limits,
                       fiber::shape{{1, 2}, 1, 2, 1, false, {.looks_before_disarming = true}}),
        waits_for_ever);
}

TEST(lazy_timer, mutant_that_raises_what_is_armed_has_its_entry_dropped_as_clutter) {
    using blind = timed_fiber<basic_model_sync<arms_blindly>>;
    EXPECT_FALSE(explore<blind>(limits, blind::shape{{9, 2}, 1, 2, 1, true}).holds);
}

/// A block of a fiber whose runtime has ended, and its heaps with it, and then of another one.
struct two_lives {
    explicit two_lives(checker& run) {
        run.name(word, "word", "", wait_word_text);
        run.name(timer, "timer");
        run.thread("fibers", [this] {
            timer.set(1);
            const std::uint64_t epoch = word.begin(false);
            static_cast<void>(word.park());
            check(timer.arm(1), "the heap gets an entry");
            static_cast<void>(word.claim(epoch, wait_arm::event) && word.complete());
            timer.reset();
            check(timer.deadline() == detail::never, "no deadline outlives its fiber");
            timer.set(2);
            static_cast<void>(word.begin(false));
            static_cast<void>(word.park());
            check(timer.arm(2), "the next heap gets an entry");
        });
    }

    detail::basic_wait_word<model_sync> word;
    detail::basic_lazy_timer<model_sync> timer;
};

TEST(lazy_timer, needs_each_step) {
    expect_needs_each_step("time/lazy_timer.hpp",
                           {[] { return explore<two_lives>({}); },
                            [] {
                                return explore<fiber>({.preemptions = 2, .values_are_all = true},
                                                      fiber::shape{{1, 2}, 1, 2, 1});
                            },
                            [] {
                                return explore<fiber>({.preemptions = 2, .values_are_all = true},
                                                      fiber::shape{{9, 2}, 1, 2, 1, true});
                            }});
}

}  // namespace
}  // namespace mioco::model
