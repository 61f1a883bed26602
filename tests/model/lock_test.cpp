// SPDX-License-Identifier: MPL-2.0
#include "base/lock.hpp"

#include "model/expect.hpp"

namespace mioco::model {
namespace {

/// Threads that take the lock in turn, each `rounds` times.
template <class Sync>
struct takers {
    takers(checker& run, int threads, int rounds) {
        run.name(inside, "inside");
        for (int i = 0; i < threads; ++i) {
            run.thread("taker", [this, rounds] {
                for (int round = 0; round < rounds; ++round) {
                    lock.lock();
                    check(inside.exchange(1) == 0, "one thread at a time is inside");
                    inside.store(0);
                    lock.unlock();
                }
            });
        }
        run.at_end([this] { check(lock.try_lock(), "the lock is free in the end"); });
    }

    detail::basic_lock<Sync> lock;
    atomic<int> inside;
};

struct never_wakes : no_fault {
    static constexpr bool wakes_nobody = true;
};
struct takes_blindly : no_fault {
    static constexpr bool blind_strong_exchange = true;
};

TEST(lock, two_threads_exclude_each_other_and_both_go_on) {
    expect_holds(explore<takers<model_sync>>({}, 2, 2));
}

TEST(lock, three_threads_exclude_each_other_and_all_go_on) {
    expect_holds(explore<takers<model_sync>>({}, 3, 1));
}

TEST(lock, mutant_that_wakes_nobody_leaves_a_thread_behind) {
    expect_violation(explore<takers<basic_model_sync<never_wakes>>>({}, 2, 1), waits_for_ever);
}

TEST(lock, mutant_that_does_not_look_lets_two_inside) {
    expect_violation(explore<takers<basic_model_sync<takes_blindly>>>({}, 2, 1),
                     "one thread at a time is inside");
}

}  // namespace
}  // namespace mioco::model
