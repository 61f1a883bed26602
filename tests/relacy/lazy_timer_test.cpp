// SPDX-License-Identifier: MPL-2.0
#include "time/lazy_timer.hpp"

#include "relacy/explore.hpp"

namespace mioco::relacy {
namespace {

/// A wait with a deadline that begins while the entry of an earlier one is popped: it has an entry then.
struct a_wait_relies_on_an_entry : scenario<a_wait_relies_on_an_entry> {
    using timer_type = detail::basic_lazy_timer<relacy_sync>;

    void before() { check(timer.arm(1), "the entry is in the heap"); }
    void thread(unsigned number) {
        if (number == 0) {
            timer.set(2);
            static_cast<void>(word.begin(false));
            const auto deadline = timer.deadline();
            if (!word.park().is_over && timer.arm(deadline)) has_armed = true;
        } else {
            const auto found = timer.popped(word, 1);
            check(found.what != timer_type::action::expire, "no deadline comes early");
            is_pushed_again = found.what == timer_type::action::push_again;
        }
    }
    void after() {
        check(has_armed || is_pushed_again, "no deadline is lost");
        check(timer.is_armed_at(2), "nor its entry clutter");
    }

    timer_type timer;
    detail::basic_wait_word<relacy_sync> word;
    bool has_armed = false;
    bool is_pushed_again = false;
};

TEST(lazy_timer, needs_its_memory_orders) {
    expect_orders_suffice_and_are_needed<a_wait_relies_on_an_entry>("time/lazy_timer.hpp");
}

}  // namespace
}  // namespace mioco::relacy
