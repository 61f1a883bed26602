// SPDX-License-Identifier: MPL-2.0
#include "fiber/cancel_request.hpp"

#include <cstdint>
#include <optional>

#include "fiber/wait_word.hpp"
#include "relacy/explore.hpp"

namespace mioco::relacy {
namespace {

using detail::wait_arm;

constexpr auto relaxed = std::memory_order_relaxed;
constexpr int nobodys = 0;
constexpr int home = 1;
constexpr int other_home = 2;

/// What a request to stop takes of a block.
struct block {
    atomic<int> home;
    atomic<std::uint64_t> id;
    atomic<std::uint64_t> cancelled_id;
    atomic<bool> may_be_cancelled;
    detail::basic_wait_word<relacy_sync> word;

    /// As prepare_block and make_fiber.
    void become(int whose, std::uint64_t who) {
        may_be_cancelled.store(false, relaxed);
        id.store(who, std::memory_order_release);
        home.store(whose, std::memory_order_release);
    }
};

/// A fiber that waits, and what parks it; somebody asks it to stop.
template <class Self>
struct one_fiber : scenario<Self> {
    void wait() {
        static_cast<void>(shared.word.begin(false));
        const auto parked = shared.word.park();
        if (parked.is_over) {
            ++resumed;
        } else if (detail::is_cancel_requested(shared) &&
                   shared.word.claim_for_cancel(parked.epoch)) {
            complete();
        }
    }
    void complete() {
        if (shared.word.complete()) ++resumed;
    }
    /// As `cancel` in runtime/cancel.cpp.
    void cancel(int whose) {
        const auto id = detail::request_cancel(shared, whose);
        if (!id) return;
        if (const auto open = detail::wait_to_cancel(shared, whose, *id);
            open && shared.word.claim(*open, wait_arm::cancel))
            complete();
    }

    block shared;
    int resumed = 0;
};

struct one_is_asked : one_fiber<one_is_asked> {
    void before() { shared.become(home, 1); }
    void thread(unsigned number) { number == 0 ? wait() : cancel(home); }
    void after() { check(resumed == 1, "who is asked to stop is woken"); }
};

/// It becomes the block's only now, and who asks finds it or not.
struct a_new_one_is_asked : one_fiber<a_new_one_is_asked> {
    void thread(unsigned number) {
        if (number == 0) {
            shared.become(home, 1);
            wait();
        } else {
            cancel(home);
            is_found = shared.cancelled_id.load(relaxed) == 1;
        }
    }
    void after() { check(resumed == (is_found ? 1 : 0), "who is asked to stop is woken"); }

    bool is_found = false;
};

/// A stop of the first fiber's runtime that is late: the block is another's by then, who is asked too.
template <class Self>
struct one_after_another : one_fiber<Self> {
    using base = one_fiber<Self>;
    static constexpr int home_of_next = other_home;
    void before() { base::shared.become(home, 1); }
    void thread(unsigned number) {
        if (number != 0) return base::cancel(home);
        base::shared.home.store(nobodys, relaxed);
        base::shared.become(Self::home_of_next, 2);
        static_cast<Self&>(*this).live();
    }
};

struct the_next_asks_itself : one_after_another<the_next_asks_itself> {
    void live() {
        detail::request_own_cancel(shared);
        wait();
    }
    void after() { check(resumed == 1, "who has asked itself to stop is woken"); }
};

struct the_next_is_asked : one_after_another<the_next_is_asked> {
    void live() {
        cancel(other_home);
        wait();
    }
    void after() { check(resumed == 1, "who is asked to stop is woken"); }
};

struct the_next_is_not_asked : one_after_another<the_next_is_not_asked> {
    void live() { wait(); }
    void after() { check(resumed == 0, "nobody is cancelled whom nobody asked"); }
};

struct the_next_is_of_the_same_runtime : one_after_another<the_next_is_of_the_same_runtime> {
    static constexpr int home_of_next = home;

    void live() { wait(); }
    void after() {
        check(resumed == (shared.cancelled_id.load() == 2 ? 1 : 0), "who is asked is cancelled");
    }
};

/// The hint was there before, and is taken back meanwhile.
struct a_hint_is_taken_back : one_fiber<a_hint_is_taken_back> {
    void before() {
        shared.become(home, 1);
        shared.may_be_cancelled.store(true, relaxed);
    }
    void thread(unsigned number) {
        if (number != 0) return cancel(home);
        detail::forget_hint(shared);
        wait();
    }
    void after() { check(resumed == 1, "who is asked to stop is woken"); }
};

TEST(cancel_request, needs_its_memory_orders) {
    expect_orders_suffice_and_are_needed<a_hint_is_taken_back, one_is_asked, a_new_one_is_asked,
                                         the_next_asks_itself, the_next_is_asked,
                                         the_next_is_not_asked, the_next_is_of_the_same_runtime>(
        "fiber/cancel_request.hpp");
}

}  // namespace
}  // namespace mioco::relacy
