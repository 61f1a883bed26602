// SPDX-License-Identifier: MPL-2.0
#include "time/timer_heap.hpp"

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "base/sys.hpp"
#include "fiber/fiber_pool.hpp"
#include "io/driver.hpp"

namespace {

using mioco::detail::fiber;
using mioco::detail::lazy_timer;
using mioco::detail::nanoseconds_t;
using mioco::detail::never;
using mioco::detail::timer_heap;
using mioco::detail::wait_arm;
using mioco::detail::wait_word;

// A waiter that needs no worker: a block as threads have it.
class waiter {
public:
    waiter() : block_(mioco::detail::fiber_pool::of_threads().take_one()) {
        block_.is_thread = true;
        block_.world = &mioco::detail::system_driver();
        block_.thread_wakeup_fd = mioco::detail::sys::event_fd();
        block_.timer.reset();
    }
    ~waiter() {
        if (!block_.word.is_done() && block_.word.claim(epoch_, wait_arm::self)) {
            static_cast<void>(block_.word.complete());
        }
        mioco::detail::sys::close(block_.thread_wakeup_fd);
        block_.thread_wakeup_fd = -1;
        block_.is_thread = false;
        mioco::detail::fiber_pool::of_threads().give(block_);
    }
    waiter(const waiter&) = delete;
    waiter& operator=(const waiter&) = delete;

    void wait_until(nanoseconds_t deadline, timer_heap& heap) {
        block_.timer.set(deadline);
        epoch_ = block_.word.begin(false);
        static_cast<void>(block_.word.park());
        if (block_.timer.arm(deadline)) heap.push(deadline, block_.index);
    }
    void end_by_event() {
        if (block_.word.claim(epoch_, wait_arm::event)) static_cast<void>(block_.word.complete());
    }
    [[nodiscard]] bool is_awake() const { return block_.word.is_done(); }
    [[nodiscard]] wait_arm woken_by() const { return block_.word.winner(); }

private:
    fiber& block_;
    std::uint64_t epoch_ = 0;
};

TEST(timer_heap, of_nothing_has_no_deadline) {
    timer_heap heap;
    EXPECT_EQ(heap.earliest(), never);
    heap.fire(1'000'000, heap);
}

TEST(timer_heap, wakes_what_is_due_and_nothing_else) {
    timer_heap heap;
    waiter first;
    waiter second;
    waiter third;
    second.wait_until(200, heap);
    first.wait_until(100, heap);
    third.wait_until(300, heap);
    EXPECT_EQ(heap.earliest(), 100);
    heap.fire(99, heap);
    EXPECT_FALSE(first.is_awake());
    heap.fire(200, heap);
    EXPECT_TRUE(first.is_awake());
    EXPECT_EQ(first.woken_by(), wait_arm::timer);
    EXPECT_TRUE(second.is_awake());
    EXPECT_FALSE(third.is_awake());
    EXPECT_EQ(heap.earliest(), 300);
}

TEST(timer_heap, leaves_waits_alone_that_ended_otherwise) {
    timer_heap heap;
    waiter w;
    w.wait_until(100, heap);
    w.end_by_event();
    heap.fire(100, heap);
    EXPECT_EQ(w.woken_by(), wait_arm::event);
    EXPECT_EQ(heap.earliest(), never);
}

TEST(timer_heap, serves_a_later_deadline_from_an_earlier_entry) {
    timer_heap heap;
    timer_heap neighbours;
    waiter w;
    w.wait_until(100, heap);
    w.end_by_event();
    w.wait_until(500, heap);
    EXPECT_EQ(heap.earliest(), 100);
    heap.fire(150, neighbours);
    EXPECT_FALSE(w.is_awake());
    EXPECT_EQ(heap.earliest(), never);
    EXPECT_EQ(neighbours.earliest(), 500);
    neighbours.fire(500, neighbours);
    EXPECT_TRUE(w.is_awake());
    EXPECT_EQ(w.woken_by(), wait_arm::timer);
}

TEST(timer_heap, serves_an_earlier_deadline_than_the_entry_it_has) {
    timer_heap heap;
    waiter w;
    w.wait_until(500, heap);
    w.end_by_event();
    w.wait_until(100, heap);
    EXPECT_EQ(heap.earliest(), 100);
    heap.fire(100, heap);
    EXPECT_TRUE(w.is_awake());
    w.wait_until(1000, heap);
    heap.fire(500, heap);
    EXPECT_FALSE(w.is_awake());
    heap.fire(1000, heap);
    EXPECT_TRUE(w.is_awake());
}

TEST(timer_heap, drops_clutter_and_no_deadline) {
    timer_heap heap;
    waiter near;
    waiter far;
    far.wait_until(1'000'000, heap);
    // Each round leaves an entry of a far deadline behind.
    for (nanoseconds_t round = 1; round <= 10'000; ++round) {
        near.wait_until(500'000, heap);
        near.end_by_event();
        near.wait_until(round, heap);
        heap.fire(round, heap);
        ASSERT_TRUE(near.is_awake());
    }
    EXPECT_FALSE(far.is_awake());
    heap.fire(999'999, heap);
    EXPECT_FALSE(far.is_awake());
    heap.fire(1'000'000, heap);
    EXPECT_TRUE(far.is_awake());
    EXPECT_EQ(heap.earliest(), never);
}

}  // namespace
