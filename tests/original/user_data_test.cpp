// SPDX-License-Identifier: MPL-2.0
// The original's tests of user data, by name.
#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/workers.hpp"

namespace {

namespace this_fiber = mioco::this_fiber;

class user_data : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(user_data);

TEST_P(user_data, simple_userdata) {
    run([] {
        this_fiber::set_data(42U);
        EXPECT_EQ(*this_fiber::data<unsigned>(), 42U);
    });
}

TEST_P(user_data, userdata_wrong_type) {
    run([] {
        this_fiber::set_data(42U);
        EXPECT_EQ(this_fiber::data<int>(), nullptr);
    });
}

TEST_P(user_data, simple_userdata_inheritance) {
    run([] {
        this_fiber::set_children_data(42);
        mioco::spawn([] { EXPECT_EQ(*this_fiber::data<int>(), 42); }).join();
    });
}

TEST_P(user_data, no_userdata_inheritance) {
    run([] { mioco::spawn([] { EXPECT_EQ(this_fiber::data<int>(), nullptr); }).join(); });
}

TEST_P(user_data, userdata_multi_inheritance) {
    run([] {
        this_fiber::set_children_data(42);
        mioco::spawn([] {
            mioco::spawn([] { EXPECT_EQ(*this_fiber::data<int>(), 42); }).join();
        }).join();
    });
}

TEST_P(user_data, userdata_inheritance_reset) {
    run([] {
        this_fiber::set_children_data(42);
        mioco::spawn([] {
            this_fiber::clear_children_data();
            mioco::spawn([] { EXPECT_EQ(this_fiber::data<int>(), nullptr); }).join();
        }).join();
    });
}

TEST_P(user_data, userdata_no_reference_invalidation) {
    run([] {
        this_fiber::set_data(42);
        const auto before = this_fiber::data<int>();
        this_fiber::set_data(41);
        EXPECT_EQ(*before, 42);
        EXPECT_EQ(*this_fiber::data<int>(), 41);
    });
}

}  // namespace
