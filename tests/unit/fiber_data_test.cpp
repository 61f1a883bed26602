// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/flag.hpp"
#include "support/workers.hpp"

namespace {

using namespace std::chrono_literals;
namespace this_fiber = mioco::this_fiber;
using mioco_test::counted;
using mioco_test::error_of;
using mioco_test::flag;

class fiber_data : public mioco_test::on_workers {
protected:
    std::atomic<int> living = 0;
};
MIOCO_ON_WORKER_COUNTS(fiber_data);

// The caller's own number, -1 if it has none.
int own() {
    const auto value = this_fiber::data<int>();
    return value == nullptr ? -1 : *value;
}

int of_a_child() { return mioco::spawn(own).join(); }

TEST_P(fiber_data, that_was_set_is_there) {
    run([] {
        this_fiber::set_data(42);
        EXPECT_EQ(own(), 42);
        mioco::yield();
        EXPECT_EQ(own(), 42);
    });
}

TEST_P(fiber_data, is_nothing_at_first) {
    run([] { EXPECT_EQ(this_fiber::data<int>(), nullptr); });
}

TEST_P(fiber_data, of_another_type_is_nothing) {
    run([] {
        this_fiber::set_data(42U);
        EXPECT_EQ(this_fiber::data<int>(), nullptr);
        EXPECT_EQ(this_fiber::data<long>(), nullptr);
        EXPECT_EQ(*this_fiber::data<unsigned>(), 42U);
        this_fiber::set_data(std::string("text"));
        EXPECT_EQ(this_fiber::data<unsigned>(), nullptr);
        EXPECT_EQ(*this_fiber::data<std::string>(), "text");
    });
}

TEST_P(fiber_data, shows_the_old_value_to_who_asked_before_a_new_one_was_set) {
    run([] {
        this_fiber::set_data(42);
        const auto before = this_fiber::data<int>();
        this_fiber::set_data(41);
        EXPECT_EQ(*before, 42);
        EXPECT_EQ(own(), 41);
        this_fiber::set_data(std::string("text"));
        EXPECT_EQ(*before, 42);
    });
}

TEST_P(fiber_data, may_be_of_a_type_that_only_moves) {
    run([] {
        this_fiber::set_data(std::make_unique<int>(7));
        EXPECT_EQ(**this_fiber::data<std::unique_ptr<int>>(), 7);
    });
}

TEST_P(fiber_data, set_for_children_is_the_childs_and_not_the_callers) {
    run([] {
        this_fiber::set_children_data(42);
        EXPECT_EQ(own(), -1);
        EXPECT_EQ(of_a_child(), 42);
        this_fiber::set_data(1);
        EXPECT_EQ(of_a_child(), 42);
    });
}

TEST_P(fiber_data, is_not_inherited) {
    run([] {
        this_fiber::set_data(42);
        EXPECT_EQ(of_a_child(), -1);
    });
}

TEST_P(fiber_data, set_for_children_goes_on_to_grandchildren) {
    run([] {
        this_fiber::set_children_data(42);
        const int grandchilds = mioco::spawn([] {
                                    this_fiber::set_data(1);  // is not passed on
                                    return of_a_child();
                                }).join();
        EXPECT_EQ(grandchilds, 42);
    });
}

TEST_P(fiber_data, cleared_by_a_child_is_nothing_for_grandchildren) {
    run([] {
        this_fiber::set_children_data(42);
        mioco::spawn([] {
            EXPECT_EQ(own(), 42);
            this_fiber::clear_children_data();
            EXPECT_EQ(own(), 42);
            EXPECT_EQ(of_a_child(), -1);
        }).join();
        EXPECT_EQ(of_a_child(), 42);
    });
}

TEST_P(fiber_data, set_for_children_does_not_reach_those_that_exist) {
    run([] {
        this_fiber::set_children_data(1);
        flag set;
        auto elder = mioco::spawn([&] {
            set.await();
            return own();
        });
        this_fiber::set_children_data(2);
        auto younger = mioco::spawn(own);
        set.raise();
        EXPECT_EQ(elder.join(), 1);
        EXPECT_EQ(younger.join(), 2);
    });
}

TEST_P(fiber_data, of_the_config_is_everybodys) {
    const auto settings = fiber_data::settings().data(42);
    EXPECT_EQ(*settings.data<int>(), 42);
    EXPECT_EQ(settings.data<unsigned>(), nullptr);
    mioco::run(settings, [] {
        EXPECT_EQ(own(), 42);
        EXPECT_EQ(of_a_child(), 42);
        EXPECT_EQ(mioco::spawn(of_a_child).join(), 42);
        this_fiber::clear_children_data();
        EXPECT_EQ(own(), 42);
        EXPECT_EQ(of_a_child(), -1);
    });
}

TEST_P(fiber_data, of_a_fiber_spawned_from_outside_is_the_configs) {
    mioco::runtime rt(settings().data(42));
    EXPECT_EQ(rt.spawn(own).join(), 42);
    run([&] {
        this_fiber::set_children_data(1);
        EXPECT_EQ(rt.spawn(own).join(), 42);
        EXPECT_EQ(of_a_child(), 1);
    });
}

TEST_P(fiber_data, stands_beside_a_name) {
    run([] {
        this_fiber::set_children_data(42);
        mioco::spawn({.name = "named"}, [] {
            EXPECT_EQ(own(), 42);
            EXPECT_EQ(this_fiber::name(), "named");
            this_fiber::set_data(1);
            EXPECT_EQ(this_fiber::name(), "named");
        }).join();
    });
}

TEST_P(fiber_data, is_destroyed_at_the_fibers_end_before_the_join_returns) {
    run([&] {
        auto fiber = mioco::spawn([&] { this_fiber::set_data(counted(living)); });
        fiber.join();
        EXPECT_EQ(living, 0);
    });
}

TEST_P(fiber_data, that_is_replaced_is_destroyed_at_once) {
    run([&] {
        this_fiber::set_data(counted(living));
        EXPECT_EQ(living, 1);
        this_fiber::set_data(0);
        EXPECT_EQ(living, 0);
    });
}

TEST_P(fiber_data, lives_as_long_as_a_child_has_it) {
    run([&] {
        flag may_end;
        mioco::join_handle<void> child;
        mioco::spawn([&] {
            this_fiber::set_children_data(counted(living));
            child = mioco::spawn([&] { may_end.await(); });
        }).join();
        EXPECT_EQ(living, 1);
        may_end.raise();
        child.join();
        EXPECT_EQ(living, 0);
    });
}

TEST_P(fiber_data, of_cancelled_and_unstarted_fibers_is_destroyed) {
    mioco::runtime rt(settings());
    EXPECT_EQ(error_of([&] {
                  rt.run([&] {
                      this_fiber::set_children_data(counted(living));
                      for (int i = 0; i < 100; ++i) mioco::spawn([] { mioco::sleep_for(1h); });
                      mioco::yield();
                      for (int i = 0; i < 100; ++i) mioco::spawn([] { mioco::sleep_for(1h); });
                      rt.stop();
                      mioco::sleep_for(1h);
                  });
              }),
              std::errc::operation_canceled);
    EXPECT_EQ(living, 0);
}

TEST_P(fiber_data, destructor_may_wait_and_finds_itself_gone) {
    using kept = std::shared_ptr<int>;
    std::atomic<int> gone = 0;
    run([&] {
        for (int i = 0; i < 100; ++i) {
            mioco::spawn([&] {
                this_fiber::set_data(kept(new int, [&](const int* value) {
                    mioco::sleep_for(1us);
                    if (this_fiber::data<kept>() == nullptr) ++gone;
                    delete value;
                }));
            });
        }
    });
    EXPECT_EQ(gone, 100);
}

TEST(fiber_data_outside, is_nothing_and_cannot_be_set) {
    EXPECT_EQ(this_fiber::data<int>(), nullptr);
    constexpr auto refused = std::errc::operation_not_permitted;
    EXPECT_EQ(error_of([] { this_fiber::set_data(1); }), refused);
    EXPECT_EQ(error_of([] { this_fiber::set_children_data(1); }), refused);
    EXPECT_EQ(error_of([] { this_fiber::clear_children_data(); }), refused);
}

}  // namespace
