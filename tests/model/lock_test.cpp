// SPDX-License-Identifier: MPL-2.0
#include "base/lock.hpp"

#include "model/expect_steps.hpp"
#include "model/takers.hpp"

namespace mioco::model {
namespace {

template <class Sync>
using takers = lock_takers<detail::basic_lock<Sync>>;

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

TEST(lock, needs_each_step) {
    expect_needs_each_step("base/lock.hpp", {[] { return explore<takers<model_sync>>({}, 2, 1); },
                                             [] { return explore<takers<model_sync>>({}, 2, 2); },
                                             [] { return explore<takers<model_sync>>({}, 3, 1); }});
}

}  // namespace
}  // namespace mioco::model
