// SPDX-License-Identifier: MPL-2.0
#include <cerrno>
#include <string>

#include <gtest/gtest.h>

#include "support/sim_bench.hpp"

// How connections of a simulation end: one direction, both, or broken.

namespace {

using mioco_test::calm_pair;
using mioco_test::sim_bench;

constexpr short all_ends = POLLRDHUP | POLLHUP | POLLERR;

TEST(sim_ending, the_end_comes_behind_the_bytes_and_stays) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    b.send(near, "last");
    EXPECT_EQ(b.io.shutdown(near, SHUT_WR), 0);
    EXPECT_EQ(b.take(far), "last");
    EXPECT_EQ(b.take(far), "");
    EXPECT_EQ(b.take(far), "");
    EXPECT_EQ(b.send(far, "answer"), 6);
    EXPECT_EQ(b.take(near), "answer");
    EXPECT_EQ(b.send(near, "more"), -EPIPE);
}

TEST(sim_ending, a_half_close_is_no_hang_up) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    b.io.shutdown(near, SHUT_WR);
    EXPECT_EQ(b.io.ready_now(far, POLLIN | all_ends), POLLIN | POLLRDHUP);
    EXPECT_EQ(b.io.ready_now(near, POLLIN | all_ends), 0);
    b.io.shutdown(far, SHUT_WR);
    EXPECT_EQ(b.io.ready_now(near, POLLIN | POLLRDHUP), POLLIN | POLLRDHUP | POLLHUP);
}

TEST(sim_ending, shutdown_of_reading_ends_reads_but_not_what_the_peer_sends) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    EXPECT_EQ(b.try_take(near), -EAGAIN);
    EXPECT_EQ(b.io.shutdown(near, SHUT_RD), 0);
    EXPECT_EQ(b.take(near), "");
    EXPECT_EQ(b.send(near, "still"), 5);
    EXPECT_EQ(b.take(far), "still");
    EXPECT_EQ(b.send(far, "late"), 4);
    EXPECT_EQ(b.take(near), "late") << "as Linux, which drops nothing";
}

TEST(sim_ending, a_close_sends_what_is_left) {
    sim_bench b(calm_pair());
    const auto [near, far] = b.pair_between_hosts();
    const std::size_t sent = b.fill(near);
    b.io.close(near);
    std::size_t received = 0;
    for (std::size_t count = 1; count > 0; received += count) {
        b.settle();
        count = b.take(far).size();
    }
    EXPECT_EQ(received, sent);
    EXPECT_EQ(b.in.under_way(), 0U);
}

TEST(sim_ending, what_comes_after_a_close_breaks_off_what_was_still_to_be_sent) {
    sim_bench b(calm_pair());
    const auto [near, far] = b.pair_between_hosts();
    const std::size_t sent = b.fill(near);
    b.settle();
    const std::size_t more = b.fill(near);
    b.io.close(near);
    b.send(far, "x");
    b.settle();
    std::size_t received = 0;
    ssize_t count = 1;
    for (; count > 0; count = b.try_take(far)) received += static_cast<std::size_t>(count);
    EXPECT_EQ(count, -ECONNRESET);
    EXPECT_LT(received, sent + more);
}

TEST(sim_ending, a_close_with_unread_bytes_is_a_reset) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    b.send(far, "unread");
    b.io.close(near);
    EXPECT_EQ(b.io.ready_now(far, all_ends), all_ends);
    EXPECT_EQ(b.try_take(far), -ECONNRESET);
    EXPECT_EQ(b.take(far), "") << "the error is told once";
    EXPECT_EQ(b.send(far, "x"), -EPIPE);
}

TEST(sim_ending, linger_of_zero_is_a_reset_and_bytes_that_came_before_are_read) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    b.send(near, "data");
    b.break_on_close(near);
    b.io.close(near);
    EXPECT_EQ(b.take(far), "data");
    EXPECT_EQ(b.try_take(far), -ECONNRESET);
    EXPECT_EQ(b.take(far), "");
}

TEST(sim_ending, a_writer_is_told_of_a_reset_and_then_of_a_broken_pipe) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    b.break_on_close(far);
    b.io.close(far);
    EXPECT_EQ(b.send(near, "x"), -ECONNRESET);
    EXPECT_EQ(b.send(near, "x"), -EPIPE);
}

TEST(sim_ending, so_error_takes_the_reset_away) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    b.break_on_close(far);
    b.io.close(far);
    EXPECT_EQ(b.error_of(near), ECONNRESET);
    EXPECT_EQ(b.take(near), "");
}

// The first write still goes, as nothing has told of the close: the answer to it does.
TEST(sim_ending, writing_to_who_has_closed_breaks_the_connection) {
    sim_bench b(calm_pair());
    const auto [near, far] = b.pair_between_hosts();
    b.io.close(far);
    b.settle();
    EXPECT_EQ(b.take(near), "");
    EXPECT_EQ(b.send(near, "into the void"), 13);
    b.settle();
    EXPECT_TRUE(b.is_ready(near, POLLERR));
    EXPECT_EQ(b.take(near), "") << "the end had come before";
    EXPECT_EQ(b.error_of(near), EPIPE);
    EXPECT_EQ(b.send(near, "again"), -EPIPE);
}

TEST(sim_ending, bytes_that_cross_a_close_break_the_connection) {
    sim_bench b(calm_pair());
    const auto [near, far] = b.pair_between_hosts();
    EXPECT_EQ(b.send(near, "crosses"), 7);
    b.io.close(far);
    b.settle();
    EXPECT_EQ(b.send(near, "x"), -EPIPE);
}

TEST(sim_ending, closing_while_it_connects_leaves_nothing_behind) {
    sim_bench b(calm_pair());
    b.go_to("b");
    const int listener = b.listening(80);
    b.go_to("a");
    const int near = b.tcp();
    b.connect(near, b.at("b", 80));
    b.io.close(near);
    b.settle();
    EXPECT_EQ(b.accept(listener), -EAGAIN);
    EXPECT_EQ(b.in.under_way(), 0U);
}

TEST(sim_ending, shutdown_while_it_connects_ends_the_attempt) {
    sim_bench b(calm_pair());
    const int near = b.tcp();
    b.connect(near, b.at("b", 80));
    EXPECT_EQ(b.io.shutdown(near, SHUT_RDWR), 0);
    EXPECT_EQ(b.error_of(near), ECONNRESET);
    EXPECT_TRUE(b.is_ready(near, POLLHUP));
}

TEST(sim_ending, a_client_that_breaks_off_before_it_is_accepted_is_accepted_broken) {
    sim_bench b;
    const int listener = b.listening(80);
    const int near = b.tcp();
    b.connect(near, b.v4("127.0.0.1", 80));
    const int port = b.port_of(near);
    b.break_on_close(near);
    b.io.close(near);
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    const int far = b.io.accept(listener, reinterpret_cast<sockaddr*>(&peer), &size);
    ASSERT_GE(far, 0);
    EXPECT_EQ(ntohs(peer.sin_port), port);
    EXPECT_EQ(b.try_take(far), -ECONNRESET);
}

TEST(sim_ending, who_waits_at_a_listener_that_closes_is_reset) {
    sim_bench b;
    const int listener = b.listening(80);
    const int near = b.tcp();
    b.connect(near, b.v4("127.0.0.1", 80));
    EXPECT_EQ(b.send(near, "hello"), 5);
    b.io.close(listener);
    EXPECT_EQ(b.try_take(near), -ECONNRESET);
    const int late = b.tcp();
    b.connect(late, b.v4("127.0.0.1", 80));
    EXPECT_EQ(b.error_of(late), ECONNREFUSED);
}

TEST(sim_ending, disable_ends_the_connection_and_keeps_the_number) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    EXPECT_TRUE(b.io.disable(near));
    EXPECT_EQ(b.take(far), "");
    EXPECT_EQ(b.send(near, "x"), -ENOTCONN) << "what stands in its place takes nothing";
    EXPECT_LT(b.try_take(near), 0);
    EXPECT_NE(b.tcp(), near);
    b.io.close(near);
    EXPECT_EQ(b.tcp(), near);
}

TEST(sim_ending, a_duplicate_keeps_the_connection) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    const int other = b.io.duplicate(near);
    b.io.close(near);
    EXPECT_EQ(b.try_take(far), -EAGAIN);
    EXPECT_EQ(b.send(other, "on"), 2);
    EXPECT_EQ(b.take(far), "on");
    b.io.close(other);
    EXPECT_EQ(b.take(far), "");
}

TEST(sim_ending, a_socket_is_connected_anew_after_a_failure) {
    sim_bench b;
    const int near = b.tcp();
    b.connect(near, b.v4("127.0.0.1", 80));
    EXPECT_EQ(b.error_of(near), ECONNREFUSED);
    const int listener = b.listening(80);
    EXPECT_EQ(b.connect(near, b.v4("127.0.0.1", 80)), -EINPROGRESS);
    EXPECT_EQ(b.error_of(near), 0);
    const int far = b.accept(listener);
    EXPECT_EQ(b.send(near, "again"), 5);
    EXPECT_EQ(b.take(far), "again");
}

}  // namespace
