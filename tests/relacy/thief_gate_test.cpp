// SPDX-License-Identifier: MPL-2.0
#include "sched/thief_gate.hpp"

#include "relacy/explore.hpp"

namespace mioco::relacy {
namespace {

struct without_light : relacy_sync {
    static void light_barrier() noexcept {}
};
struct without_heavy : relacy_sync {
    static void heavy_barrier() noexcept {}
};

/// An owner and a thief, of whom each uses what only one at a time may use, if the gate lets it.
template <class Sync>
struct one_at_a_time : scenario<one_at_a_time<Sync>> {
    void thread(unsigned number) { number == 0 ? own() : steal(); }
    void own() {
        for (int i = 0; i < 2; ++i) {
            if (!gate.enter()) continue;
            use();
            gate.leave();
        }
    }
    void steal() {
        if (!gate.begin()) return;
        use();
        gate.end();
    }
    void use() { guarded.set(guarded.get() + 1); }

    detail::basic_thief_gate<Sync> gate;
    plain<int> guarded;
};

TEST(thief_gate, needs_its_memory_orders) {
    expect_orders_suffice_and_are_needed<one_at_a_time<relacy_sync>>("sched/thief_gate.hpp");
}

TEST(thief_gate, needs_its_barriers) {
    EXPECT_NE(explore<one_at_a_time<without_light>>(), rl::test_result_success);
    EXPECT_NE(explore<one_at_a_time<without_heavy>>(), rl::test_result_success);
}

}  // namespace
}  // namespace mioco::relacy
