// SPDX-License-Identifier: MPL-2.0
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fuzz/lock_history.hpp"
#include "fuzz/other_histories.hpp"
#include "fuzz/queue_history.hpp"

// What is known of a run must fail when the run was wrong, or it would check nothing.

namespace {

using namespace std::chrono_literals;
using namespace mioco_fuzz;

class queue_of_two : public testing::Test {
protected:
    void send(int item) {
        const auto call = begin_to_send(item);
        known.send_ends(call);
    }
    queue_history::call_id begin_to_send(int item) {
        const auto call = log.tick() * queue_history::arms;
        known.send_begins(call, item);
        return call;
    }
    queue_history::call_id begin_to_receive() {
        const auto call = log.tick() * queue_history::arms;
        known.receive_begins(call);
        return call;
    }
    void receive(int item) { known.receive_ends(begin_to_receive(), item); }
    bool is_wrong() {
        known.check_end(true);
        return !log.failure().empty();
    }

    journal log;
    queue_history known{log, "queue", 2};
};

TEST_F(queue_of_two, is_right_when_all_comes_in_order) {
    send(1);
    const auto early = begin_to_receive();
    const auto late = begin_to_send(2);
    known.receive_ends(early, 1);
    receive(2);
    known.send_ends(late);
    EXPECT_FALSE(is_wrong()) << log.failure();
}

TEST_F(queue_of_two, allows_what_overlaps_in_either_order) {
    const auto one = begin_to_send(1);
    send(2);
    known.send_ends(one);
    const auto slow = begin_to_receive();
    receive(2);
    known.receive_ends(slow, 1);
    EXPECT_FALSE(is_wrong()) << log.failure();
}

TEST_F(queue_of_two, notices_a_lost_item) {
    send(1);
    EXPECT_TRUE(is_wrong());
}

TEST_F(queue_of_two, notices_an_item_that_comes_twice) {
    send(1);
    receive(1);
    receive(1);
    EXPECT_TRUE(is_wrong());
}

TEST_F(queue_of_two, notices_an_item_that_nobody_sent) {
    receive(1);
    EXPECT_TRUE(is_wrong());
}

TEST_F(queue_of_two, notices_an_item_whose_send_failed) {
    known.withdraw(begin_to_send(1));
    receive(1);
    EXPECT_TRUE(is_wrong());
}

TEST_F(queue_of_two, notices_an_item_that_came_before_its_send_failed) {
    const auto call = begin_to_send(1);
    receive(1);
    known.withdraw(call);
    EXPECT_TRUE(is_wrong());
}

TEST_F(queue_of_two, notices_that_another_item_comes_back) {
    known.send_refused(begin_to_send(1), 2);
    EXPECT_TRUE(is_wrong());
}

TEST_F(queue_of_two, notices_items_that_change_places) {
    send(1);
    send(2);
    receive(2);
    receive(1);
    EXPECT_TRUE(is_wrong());
}

TEST_F(queue_of_two, notices_a_refusal_while_there_is_room) {
    send(1);
    const auto call = begin_to_send(2);
    known.check_full(call);
    EXPECT_FALSE(log.failure().empty());
}

TEST_F(queue_of_two, is_full_with_two) {
    send(1);
    send(2);
    const auto call = begin_to_send(3);
    known.check_full(call);
    EXPECT_TRUE(log.failure().empty());
}

TEST_F(queue_of_two, notices_that_nothing_was_found_although_there_is_an_item) {
    send(1);
    const auto call = begin_to_receive();
    known.receive_gives_up(call);
    known.check_empty(call);
    EXPECT_FALSE(log.failure().empty());
}

TEST_F(queue_of_two, allows_that_an_item_is_on_its_way_to_another_one) {
    send(1);
    begin_to_receive();
    const auto call = begin_to_receive();
    known.receive_gives_up(call);
    known.check_empty(call);
    EXPECT_TRUE(log.failure().empty());
}

TEST_F(queue_of_two, notices_an_end_that_nobody_has_made) {
    known.check_closed();
    EXPECT_FALSE(log.failure().empty());
}

TEST_F(queue_of_two, tells_who_should_not_wait) {
    const auto receiver = begin_to_receive();
    EXPECT_EQ(known.why_not_receiving(receiver), "");
    send(1);
    EXPECT_NE(known.why_not_receiving(receiver), "");
    const auto sender = begin_to_send(2);
    EXPECT_NE(known.why_not_sending(sender), "");
    known.send_ends(sender);
    known.receive_gives_up(receiver);
    const auto last = begin_to_send(3);
    EXPECT_EQ(known.why_not_sending(last), "");
    known.close();
    EXPECT_NE(known.why_not_sending(last), "");
}

TEST_F(queue_of_two, lets_no_case_of_a_select_serve_another_one_of_it) {
    const auto call = begin_to_receive();
    known.send_begins(call + 1, 1);
    EXPECT_EQ(known.why_not_receiving(call), "");
}

/// The failure that `history` makes.
std::string failure_of(const std::function<void(journal&)>& history) {
    journal log;
    history(log);
    return log.failure();
}

TEST(lock_history, notices_two_that_have_it) {
    for (const bool first : {false, true}) {
        for (const bool second : {false, true}) {
            const std::string failure = failure_of([=](journal& log) {
                lock_history known(log, "lock");
                known.taken(1, first);
                known.taken(2, second);
            });
            EXPECT_EQ(failure.empty(), first && second);
        }
    }
}

TEST(lock_history, notices_that_a_free_lock_is_not_to_be_had) {
    EXPECT_NE(failure_of([](journal& log) {
                  lock_history known(log, "lock");
                  known.taken(1);
                  known.given_back();
                  known.check_held(log.tick());
              }),
              "");
    EXPECT_EQ(failure_of([](journal& log) {
                  lock_history known(log, "lock");
                  known.taken(1);
                  known.check_held(log.tick());
              }),
              "");
}

TEST(lock_history, tells_who_should_not_wait) {
    journal log;
    lock_history known(log, "lock");
    known.taken(1, true);
    known.begins(2);
    EXPECT_EQ(known.why_not_waiting(), "");
    EXPECT_EQ(known.why_not_waiting(true), "");  // behind the writer
    known.gives_up(2);
    EXPECT_NE(known.why_not_waiting(true), "");
    known.given_back(true);
    EXPECT_NE(known.why_not_waiting(), "");
}

TEST(permit_history, counts) {
    EXPECT_NE(failure_of([](journal& log) {
                  permit_history known(log, "semaphore", 0);
                  known.begins();
                  known.taken();
              }),
              "");
    EXPECT_NE(failure_of([](journal& log) {
                  permit_history known(log, "semaphore", 1);
                  known.check_none(log.tick());
              }),
              "");
    EXPECT_NE(failure_of([](journal& log) {
                  permit_history known(log, "semaphore", 1);
                  known.given(1);
                  known.check_end(1);
              }),
              "");
    journal log;
    permit_history known(log, "semaphore", 0);
    EXPECT_EQ(known.why_not_waiting(), "");
    known.given(1);
    EXPECT_NE(known.why_not_waiting(), "");
}

TEST(condition_history, notices_a_wait_that_ends_too_early) {
    EXPECT_NE(failure_of([](journal& log) {
                  condition_history known(log, "event", false);
                  known.check_held(log.tick());
              }),
              "");
    EXPECT_EQ(failure_of([](journal& log) {
                  condition_history known(log, "event", false);
                  const auto began = log.tick();
                  known.set(true);
                  known.set(false);
                  known.check_held(began);
              }),
              "");
    EXPECT_NE(failure_of([](journal& log) {
                  condition_history known(log, "event", true);
                  known.check_is(false);
              }),
              "");
}

class bytes : public testing::Test {
protected:
    void write(std::size_t count) {
        known.write_begins(count);
        known.write_ends(count);
    }
    void read(std::size_t first, std::size_t count) {
        std::vector<std::byte> got(count);
        for (std::size_t i = 0; i < count; ++i) got[i] = byte_history::at(first + i);
        known.read(got);
    }
    [[nodiscard]] bool is_wrong() const { return !log.failure().empty(); }

    journal log;
    byte_history known{log, "stream"};
};

TEST_F(bytes, may_come_in_parts) {
    write(10);
    read(0, 3);
    read(3, 7);
    known.end();
    known.read_end();
    EXPECT_FALSE(is_wrong()) << log.failure();
}

TEST_F(bytes, must_not_change_places) {
    write(10);
    read(1, 3);
    EXPECT_TRUE(is_wrong());
}

TEST_F(bytes, must_have_been_written) {
    write(1);
    read(0, 2);
    EXPECT_TRUE(is_wrong());
}

TEST_F(bytes, must_not_be_lost_before_the_end) {
    write(2);
    read(0, 1);
    known.end();
    known.read_end();
    EXPECT_TRUE(is_wrong());
}

TEST_F(bytes, end_only_when_somebody_ends_them) {
    known.read_end();
    EXPECT_TRUE(is_wrong());
}

TEST_F(bytes, fail_only_when_somebody_closes) {
    known.error("broken pipe");
    EXPECT_TRUE(is_wrong());
}

TEST_F(bytes, tell_who_should_not_wait) {
    EXPECT_EQ(known.why_not_reading(), "");
    EXPECT_NE(known.why_not_writing(), "");
    write(1);
    EXPECT_NE(known.why_not_reading(), "");
    EXPECT_EQ(known.why_not_reading(2), "");
    EXPECT_EQ(known.why_not_writing(), "");
    known.is_reading = true;
    EXPECT_NE(known.why_not_writing(), "");
}

TEST(fiber_history, notices_a_fiber_without_an_end) {
    using end = fiber_history::end;
    const auto failure = [](end how, end told, bool gone) {
        return failure_of([=](journal& log) {
            fiber_history known(log, 1);
            known.spawned(0);
            known.began(0);
            known.ended(0, how);
            known.joined(0, told);
            if (gone) known.gone(0);
            known.check_end(false);
        });
    };
    EXPECT_EQ(failure(end::returned, end::returned, true), "");
    EXPECT_NE(failure(end::returned, end::threw, true), "");
    EXPECT_NE(failure(end::threw, end::returned, true), "");
    EXPECT_NE(failure(end::cancelled, end::cancelled, true), "");
    EXPECT_EQ(failure_of([](journal& log) {
                  fiber_history known(log, 1);
                  known.spawned(0);
                  known.asked(0);
                  known.gone(0);
                  known.check_end(false);
              }),
              "");
    EXPECT_NE(failure(end::returned, end::returned, false), "");
    EXPECT_NE(failure_of([](journal& log) {
                  fiber_history known(log, 1);
                  known.spawned(0);
                  known.gone(0);
                  known.check_end(false);
              }),
              "");
}

TEST(limit, is_neither_early_nor_late) {
    const auto failure = [](std::chrono::nanoseconds took, bool timed_out) {
        return failure_of(
            [=](journal& log) { check_limit(log, "wait", 10ms, took, timed_out, 1ms); });
    };
    EXPECT_EQ(failure(10ms, true), "");
    EXPECT_EQ(failure(11ms, true), "");
    EXPECT_EQ(failure(1ms, false), "");
    EXPECT_NE(failure(9ms, true), "");
    EXPECT_NE(failure(12ms, true), "");
    EXPECT_NE(failure(12ms, false), "");
}

TEST(wait_board, asks_each_reason) {
    const auto failure = [](std::vector<wait_board::reason> why_not, bool stopped) {
        return failure_of([&](journal& log) {
            wait_board board;
            board.add({[=] { return std::string(stopped ? "it was stopped" : ""); }, "somebody",
                       std::move(why_not)});
            board.check(log);
        });
    };
    const auto right = [] { return std::string(); };
    const auto wrong = [] { return std::string("there is one"); };
    EXPECT_EQ(failure({right, right}, false), "");
    EXPECT_NE(failure({right, wrong}, false), "");
    EXPECT_NE(failure({right}, true), "");
}

}  // namespace
