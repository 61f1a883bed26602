// SPDX-License-Identifier: MPL-2.0
#include "base/lock.hpp"

#include "relacy/explore.hpp"
#include "relacy/takers.hpp"

namespace mioco::relacy {
namespace {

struct two_take_it : takers<two_take_it, detail::basic_lock<relacy_sync>> {};

TEST(lock, needs_its_memory_orders) {
    expect_orders_suffice_and_are_needed<two_take_it>("base/lock.hpp");
}

}  // namespace
}  // namespace mioco::relacy
