// SPDX-License-Identifier: MPL-2.0
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <fcntl.h>

#include "support/sim_bench.hpp"

// What does not get through: between hosts that are cut off from each other, and to one that is gone.

namespace {

using namespace std::chrono_literals;
using mioco_test::bytes_of;
using mioco_test::calm_pair;
using mioco_test::sim_bench;
using mioco_test::watched_fd;

TEST(sim_partition, bytes_wait_until_it_is_healed_and_keep_their_order) {
    sim_bench b(calm_pair());
    const auto [near, far] = b.pair_between_hosts();
    b.in.partition("a", "b");
    b.send(near, "one ");
    b.pass(10s);
    b.send(near, "two ");
    b.pass(10s);
    EXPECT_EQ(b.try_take(far), -EAGAIN);
    b.in.heal("a", "b");
    b.send(near, "three");
    b.pass(1s);
    EXPECT_EQ(b.take(far), "one two three");
    EXPECT_EQ(b.send(far, "back"), 4);
    b.pass(1s);
    EXPECT_EQ(b.take(near), "back");
}

TEST(sim_partition, what_is_in_flight_when_it_begins_waits_too) {
    auto wanted = calm_pair();
    wanted.latency = {10ms, 10ms};
    sim_bench b(wanted);
    const auto [near, far] = b.pair_between_hosts();
    b.send(near, "x");
    b.pass(5ms);
    b.in.partition("b", "a");
    b.pass(1s);
    EXPECT_EQ(b.try_take(far), -EAGAIN);
    b.in.heal_all();
    b.pass(10ms);
    EXPECT_EQ(b.take(far), "x");
}

TEST(sim_partition, datagrams_are_lost) {
    sim_bench b(calm_pair());
    const int server = b.udp_at(53);
    b.go_to("b");
    const int client = b.udp();
    b.send_to(client, "in flight", b.at("a", 53));
    b.in.partition("a", "b");
    EXPECT_EQ(b.send_to(client, "lost", b.at("a", 53)), 4) << "nobody tells";
    b.settle();
    b.in.heal("a", "b");
    b.send_to(client, "arrives", b.at("a", 53));
    b.settle();
    EXPECT_EQ(b.take(server), "arrives");
    EXPECT_EQ(b.try_take(server), -EAGAIN);
}

TEST(sim_partition, who_writes_gives_up_in_the_end) {
    sim_bench b(calm_pair());
    const auto [near, far] = b.pair_between_hosts();
    watched_fd watched(b, near);
    watched.forget_events();
    b.in.partition("a", "b");
    b.send(near, "x");
    b.pass(900s);
    EXPECT_FALSE(watched.is_readable());
    b.pass(30s);
    EXPECT_TRUE(watched.is_readable());
    EXPECT_EQ(b.try_take(near), -ETIMEDOUT);
    EXPECT_EQ(b.send(near, "x"), -EPIPE);
    EXPECT_EQ(b.try_take(far), -EAGAIN) << "the other end waits on";
    b.in.heal_all();
    EXPECT_EQ(b.send(far, "hello?"), 6);
    b.settle();
    EXPECT_EQ(b.try_take(far), -ECONNRESET) << "nobody knows it any more";
}

TEST(sim_partition, who_only_listens_does_not_give_up) {
    sim_bench b(calm_pair());
    const auto [near, far] = b.pair_between_hosts();
    b.in.partition("a", "b");
    b.pass(10'000s);
    b.in.heal_all();
    EXPECT_EQ(b.send(near, "x"), 1);
    b.settle();
    EXPECT_EQ(b.take(far), "x");
}

TEST(sim_partition, one_direction_alone) {
    sim_bench b(calm_pair());
    const auto [near, far] = b.pair_between_hosts();
    b.in.block("b", "a");
    b.send(near, "there");
    b.send(far, "back");
    b.pass(1s);
    EXPECT_EQ(b.take(far), "there");
    EXPECT_EQ(b.try_take(near), -EAGAIN);
    // It arrived, but no answer did.
    b.pass(1000s);
    EXPECT_EQ(b.try_take(near), -ETIMEDOUT);
    EXPECT_EQ(b.try_take(far), -ETIMEDOUT);
}

TEST(sim_partition, connecting_waits_or_times_out) {
    sim_bench b(calm_pair());
    b.go_to("b");
    const int listener = b.listening(80);
    b.go_to("a");
    b.in.partition("a", "b");
    const int lucky = b.tcp();
    b.connect(lucky, b.at("b", 80));
    b.pass(100s);
    EXPECT_FALSE(b.is_ready(lucky, POLLOUT));
    b.in.heal_all();
    b.pass(1s);
    EXPECT_TRUE(b.is_ready(lucky, POLLOUT));
    EXPECT_GE(b.accept(listener), 0);
    b.in.partition("a", "b");
    const int unlucky = b.tcp();
    b.connect(unlucky, b.at("b", 80));
    b.pass(128s);
    EXPECT_EQ(b.error_of(unlucky), ETIMEDOUT);
    b.in.heal_all();
    b.settle();
    EXPECT_EQ(b.accept(listener), -EAGAIN);
}

TEST(sim_partition, others_are_not_concerned) {
    auto wanted = calm_pair();
    wanted.hosts = {"a", "b", "c"};
    sim_bench b(wanted);
    b.in.partition("a", "c");
    b.in.partition("b", "c");
    const auto [near, far] = b.pair_between_hosts();
    b.send(near, "x");
    b.settle();
    EXPECT_EQ(b.take(far), "x");
    const auto [own, other] = b.tcp_pair(81);
    b.send(own, "x");
    EXPECT_EQ(b.take(other), "x");
}

TEST(sim_partition, healing_twice_or_what_was_never_cut_changes_nothing) {
    sim_bench b(calm_pair());
    b.in.heal("a", "b");
    b.in.partition("a", "b");
    b.in.partition("a", "b");
    b.in.heal("a", "b");
    b.in.heal_all();
    const auto [near, far] = b.pair_between_hosts();
    b.send(near, "x");
    b.settle();
    EXPECT_EQ(b.take(far), "x");
}

TEST(sim_partition, names_are_checked) {
    sim_bench b(calm_pair());
    EXPECT_THROW(b.in.partition("a", "nobody"), std::invalid_argument);
    EXPECT_THROW(b.in.crash("nobody"), std::invalid_argument);
    EXPECT_THROW(b.in.partition("a", "a"), std::invalid_argument);
    EXPECT_EQ(b.in.add_host("c"), 2U);
    EXPECT_EQ(b.in.add_host("a"), 0U);
}

TEST(sim_crash, whoever_spoke_to_it_learns_when_it_is_back) {
    sim_bench b(calm_pair());
    const auto [near, far] = b.pair_between_hosts();
    b.in.crash("b");
    EXPECT_EQ(b.send(near, "x"), 1);
    b.pass(10s);
    EXPECT_EQ(b.try_take(near), -EAGAIN) << "a silent end is told of by nobody";
    b.in.restart("b");
    b.pass(1s);
    EXPECT_EQ(b.try_take(near), -ECONNRESET);
}

TEST(sim_crash, an_end_is_as_much_of_a_surprise_as_bytes_are) {
    sim_bench b(calm_pair());
    const auto [near, far] = b.pair_between_hosts();
    b.in.crash("b");
    b.in.restart("b");
    b.io.shutdown(near, SHUT_WR);
    b.settle();
    EXPECT_EQ(b.try_take(near), -ECONNRESET);
    const auto [other, closed] = b.pair_between_hosts(81);
    b.io.close(closed);
    b.settle();
    b.io.shutdown(other, SHUT_WR);
    b.settle();
    EXPECT_EQ(b.take(other), "");
    EXPECT_EQ(b.error_of(other), 0) << "it is none to who has closed before";
}

TEST(sim_crash, what_it_has_sent_arrives_once_and_is_not_sent_again) {
    sim_bench b(calm_pair());
    const auto [near, far] = b.pair_between_hosts();
    b.send(far, "last words");
    b.in.crash("b");
    b.pass(1s);
    EXPECT_EQ(b.take(near), "last words");
    const auto [other, lost] = [&] {
        b.in.restart("b");
        return b.pair_between_hosts(81);
    }();
    b.in.partition("a", "b");
    b.send(lost, "held up");
    b.pass(1s);
    b.in.crash("b");
    b.in.restart("b");
    b.in.heal_all();
    b.settle();
    EXPECT_EQ(b.try_take(other), -EAGAIN);
}

TEST(sim_crash, whoever_spoke_to_it_gives_up_if_it_stays_away) {
    sim_bench b(calm_pair());
    const auto [near, far] = b.pair_between_hosts();
    b.in.crash("b");
    b.send(near, "x");
    b.pass(1000s);
    EXPECT_EQ(b.try_take(near), -ETIMEDOUT);
}

TEST(sim_crash, what_it_had_open_fails_and_is_told_to_who_waits) {
    sim_bench b(calm_pair());
    const auto [near, far] = b.pair_between_hosts();
    watched_fd watched(b, far);
    watched.forget_events();
    const std::size_t open = b.in.open_descriptors("b");
    b.in.crash("b");
    EXPECT_TRUE(watched.is_readable());
    EXPECT_EQ(b.try_take(far), -EIO);
    EXPECT_EQ(b.send(far, "x"), -EIO);
    b.go_to("b");
    EXPECT_EQ(b.tcp(), -EIO);
    EXPECT_EQ(b.try_take(near), -EIO) << "who is left there reaches no other host's either";
    EXPECT_EQ(b.in.open_descriptors("b"), open) << "whoever has them closes them";
    b.io.close(far);
    EXPECT_EQ(b.in.open_descriptors("b"), open - 1);
    b.pass(1s);
    b.go_to("a");
    EXPECT_EQ(b.try_take(near), -EAGAIN) << "no end was sent";
}

TEST(sim_crash, its_ports_and_names_are_free_and_its_files_are_there) {
    sim_bench b(calm_pair());
    b.listening(80);
    const int file = b.io.open_file("/data", O_RDWR | O_CREAT, 0600);
    b.io.write_file(file, bytes_of("kept"), 0);
    b.io.sync_file(file, false);
    b.io.sync_file(b.io.open_file("/", O_RDONLY | O_DIRECTORY, 0), false);
    b.in.crash("a");
    b.in.restart("a");
    b.listening(80);
    const int again = b.io.open_file("/data", O_RDONLY, 0);
    EXPECT_EQ(b.io.file_size(again), 4);
    EXPECT_EQ(b.io.file_size(file), -EIO);
}

TEST(sim_crash, a_listener_that_is_gone_with_its_host_answers_nobody) {
    sim_bench b(calm_pair());
    b.go_to("b");
    b.listening(80);
    b.go_to("a");
    const int waiting = b.tcp();
    b.connect(waiting, b.at("b", 80));
    b.in.crash("b");
    b.pass(1s);
    b.in.restart("b");
    b.pass(1s);
    EXPECT_EQ(b.error_of(waiting), ECONNREFUSED);
}

}  // namespace
