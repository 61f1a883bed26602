// SPDX-License-Identifier: MPL-2.0
#include "debug/witness.hpp"

#include "relacy/explore.hpp"

namespace mioco::relacy {
namespace {

/// A worker that makes a fiber and finds that it waits, and another that only looks at what was found.
struct a_fiber_is_new : scenario<a_fiber_is_new> {
    void thread(unsigned number) {
        if (number == 0) {
            block.set(1);
            found.set(1);
        } else if (found.get() != 0) {
            check(block.get() == 1, "the block is made");
        }
    }

    detail::basic_witness<relacy_sync> found;
    plain<int> block;
};

TEST(witness, needs_its_memory_orders) {
    expect_orders_suffice_and_are_needed<a_fiber_is_new>("debug/witness.hpp");
}

}  // namespace
}  // namespace mioco::relacy
