// SPDX-License-Identifier: MPL-2.0
#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"

namespace {

using namespace std::chrono_literals;
using mioco::after;
using mioco::on;
using mioco_test::beside;

class own_case : public mioco_test::anywhere {};
MIOCO_ANYWHERE(own_case);

// One that is neither moved nor copied: it is what it stands for.
class signal_box {
public:
    signal_box() = default;
    signal_box(const signal_box&) = delete;
    signal_box& operator=(const signal_box&) = delete;

    void raise() {
        const std::scoped_lock held(guard_);
        raised_ = true;
        if (waiting_) static_cast<void>(waiting_->wake());
    }
    bool try_take() {
        const std::scoped_lock held(guard_);
        return std::exchange(raised_, false);
    }
    bool arm(const mioco::select_waiter& who) noexcept {
        const std::scoped_lock held(guard_);
        if (!raised_) waiting_ = who;
        return !raised_;
    }
    void disarm(const mioco::select_waiter&) noexcept {
        const std::scoped_lock held(guard_);
        waiting_.reset();
    }

private:
    std::mutex guard_;
    bool raised_ = false;
    std::optional<mioco::select_waiter> waiting_;
};

TEST_P(own_case, is_referred_to_by_a_select_if_it_is_an_lvalue) {
    inside([] {
        signal_box box;
        beside raising([&] { box.raise(); });
        EXPECT_EQ(mioco::select(box, after(1h)).index(), 0U);
        raising.join();
        box.raise();
        EXPECT_EQ(mioco::select(on(box, [] { return 5; }), after(1h)).index(), 0U);
        std::vector<mioco::any_case> cases;
        cases.emplace_back(box);
        cases.emplace_back(after(1h));
        box.raise();
        EXPECT_EQ(mioco::select(cases), 0U);
    });
}

// Whose arming asks the library so often that its fiber has used its budget up, in the midst of the select.
class asks_much {
public:
    explicit asks_much(mioco::wait_group& group) : group_(group) {}
    bool try_take() { return false; }
    bool arm(const mioco::select_waiter&) noexcept {
        for (int i = 0; i < 1000; ++i) asked_ += group_.count();
        return true;
    }
    void disarm(const mioco::select_waiter&) noexcept {}

private:
    mioco::wait_group& group_;
    std::size_t asked_ = 0;
};

TEST(own_case_in_a_schedule, may_spend_while_it_is_armed) {
    mioco::run(mioco::config{}.workers(1).scheduler(mioco::round_robin), [] {
        mioco::wait_group group;
        asks_much asking(group);
        auto [to, from] = mioco::channel<int>(0);
        auto sending = mioco::spawn([to = std::move(to)] { to.send(7); });
        auto event = mioco::select(from.receiving(), asking);
        ASSERT_EQ(event.index(), 0U);
        EXPECT_EQ(std::get<0>(event), 7);
        sending.join();
    });
}

}  // namespace
