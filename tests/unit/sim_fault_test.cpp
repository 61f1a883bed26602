// SPDX-License-Identifier: MPL-2.0
#include <cerrno>
#include <functional>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "support/sim_bench.hpp"

// Faults of a simulation: that they come, at about the rate that was asked for, and that they lose nothing.

namespace {

using namespace std::chrono_literals;
using mioco_test::calm;
using mioco_test::calm_pair;
using mioco_test::sim_bench;

namespace sim = mioco_test::sim;

int times_of(ssize_t wanted, int calls, const std::function<ssize_t()>& call) {
    int count = 0;
    for (int i = 0; i < calls; ++i) count += call() == wanted ? 1 : 0;
    return count;
}

TEST(sim_fault, none_comes_unasked) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    for (int i = 0; i < 1000; ++i) {
        ASSERT_EQ(b.send(near, "twelve bytes"), 12);
        ASSERT_EQ(b.take(far), "twelve bytes");
    }
}

TEST(sim_fault, calls_are_interrupted) {
    auto wanted = calm();
    wanted.faults.interrupted = 0.2;
    sim_bench b(wanted);
    const auto [near, far] = b.unix_pair(SOCK_STREAM);
    const auto [out, in] = b.pipe();
    const int interrupted = times_of(-EINTR, 1000, [&, &far = far] { return b.try_take(far); }) +
                            times_of(-EINTR, 1000, [&, &out = out] { return b.try_read(out); });
    EXPECT_GT(interrupted, 300);
    EXPECT_LT(interrupted, 500);
}

// An attempt that was interrupted goes on by itself; one of a Unix socket has not begun.
TEST(sim_fault, connecting_goes_on_when_it_was_interrupted) {
    auto wanted = calm();
    wanted.faults.interrupted = 0.5;
    sim_bench b(wanted);
    b.listening(80, 1000);
    int interrupted = 0;
    for (int i = 0; i < 100; ++i) {
        const int fd = b.tcp();
        const int result = b.connect(fd, b.v4("127.0.0.1", 80));
        if (result == -EINTR) ++interrupted;
        EXPECT_TRUE(b.is_ready(fd, POLLOUT));
        EXPECT_EQ(b.error_of(fd), 0);
    }
    EXPECT_GT(interrupted, 20);
}

TEST(sim_fault, calls_find_nothing) {
    auto wanted = calm();
    wanted.faults.again = 0.2;
    sim_bench b(wanted);
    const auto [near, far] = b.tcp_pair();
    const int found = times_of(-EAGAIN, 1000, [&, &near = near] { return b.send(near, "x"); });
    EXPECT_GT(found, 130);
    EXPECT_LT(found, 270);
}

TEST(sim_fault, reads_and_writes_are_short_and_lose_nothing) {
    auto wanted = calm();
    wanted.faults.short_read = 0.5;
    wanted.faults.short_write = 0.5;
    sim_bench b(wanted);
    std::string sent;
    for (int i = 0; sent.size() < 20'000; ++i) sent += std::to_string(i) + ' ';
    const auto expect_all = [&](const std::function<ssize_t(std::string_view)>& put,
                                const std::function<ssize_t(std::string&)>& get) {
        std::string received;
        std::size_t gone = 0;
        int short_writes = 0;
        int short_reads = 0;
        while (received.size() < sent.size()) {
            const auto part = std::string_view(sent).substr(gone, 1000);
            const ssize_t count = part.empty() ? 0 : put(part);
            if (count > 0) gone += static_cast<std::size_t>(count);
            if (count > 0 && static_cast<std::size_t>(count) < part.size()) ++short_writes;
            std::string came;
            if (get(came) > 0) received += came;
            if (!came.empty() && received.size() < gone) ++short_reads;
        }
        EXPECT_EQ(received, sent);
        EXPECT_GT(short_writes + short_reads, 5);
    };
    const auto [near, far] = b.tcp_pair();
    const auto receive_from = [&](int fd) {
        return [&b, fd](std::string& text) { return b.receive(fd, text); };
    };
    expect_all([&, &near = near](std::string_view text) { return b.send(near, text); },
               receive_from(far));
    const auto [one, other] = b.unix_pair(SOCK_STREAM);
    expect_all([&, &one = one](std::string_view text) { return b.send(one, text); },
               receive_from(other));
    const auto [out, in] = b.pipe();
    expect_all([&, &in = in](std::string_view text) { return b.write(in, text); },
               [&, &out = out](std::string& text) {
                   text.resize(1000);
                   const ssize_t count = b.io.read(std::as_writable_bytes(std::span(text)), out);
                   text.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
                   return count;
               });
}

TEST(sim_fault, what_keeps_bounds_is_never_short) {
    auto wanted = calm();
    wanted.faults.short_read = 1;
    wanted.faults.short_write = 1;
    sim_bench b(wanted);
    const auto [near, far] = b.unix_pair(SOCK_SEQPACKET);
    EXPECT_EQ(b.send(near, "record"), 6);
    EXPECT_EQ(b.take(far), "record");
    const auto [out, in] = b.pipe();
    EXPECT_EQ(b.write(in, "all or nothing"), 14);
    const int file = b.io.open_file("/data", 0102, 0600);
    EXPECT_EQ(b.io.write_file(file, mioco_test::bytes_of("whole"), 0), 5);
}

TEST(sim_fault, connections_break) {
    auto wanted = calm_pair();
    wanted.faults.reset = 0.1;
    sim_bench b(wanted);
    int broken = 0;
    for (int i = 0; i < 200; ++i) {
        const auto [near, far] = b.pair_between_hosts(static_cast<std::uint16_t>(1000 + i));
        const ssize_t count = b.send(near, "x");
        b.settle();
        if (count == 1) {
            EXPECT_EQ(b.take(far), "x");
        } else {
            ++broken;
            EXPECT_EQ(count, -ECONNRESET);
            EXPECT_EQ(b.try_take(far), -ECONNRESET);
        }
    }
    EXPECT_GT(broken, 5);
    EXPECT_LT(broken, 50);
}

TEST(sim_fault, connecting_fails_in_both_ways) {
    auto wanted = calm();
    wanted.faults.failed_connect = 0.5;
    sim_bench b(wanted);
    b.listening(80, 1000);
    int refused = 0;
    int timed_out = 0;
    for (int i = 0; i < 200; ++i) {
        const int fd = b.tcp();
        b.connect(fd, b.v4("127.0.0.1", 80));
        b.pass(200s);
        const int error = b.error_of(fd);
        refused += error == ECONNREFUSED ? 1 : 0;
        timed_out += error == ETIMEDOUT ? 1 : 0;
    }
    EXPECT_GT(refused, 20);
    EXPECT_GT(timed_out, 20);
    EXPECT_LT(refused + timed_out, 150);
}

std::string refusal_of(const std::function<void(sim::settings&)>& change) {
    sim::settings wanted;
    change(wanted);
    try {
        sim::check(wanted);
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return "none";
}

TEST(sim_settings, what_makes_no_sense_is_named_with_what_is_allowed) {
    EXPECT_EQ(refusal_of([](sim::settings&) {}), "none");
    EXPECT_EQ(refusal_of([](sim::settings& s) { s.faults.lost = 1.5; }),
              "mioco: simulation: faults.lost = 1.5: allowed is 0 (never) to 1 (always)");
    EXPECT_EQ(refusal_of([](sim::settings& s) { s.faults.again = 1; }),
              "mioco: simulation: faults.again = 1: allowed is 0 (never) to less than 1");
    EXPECT_EQ(refusal_of([](sim::settings& s) { s.latency = {2ms, 1ms}; }),
              "mioco: simulation: latency = 2000000 ns to 1000000 ns: allowed is a range from 0 "
              "on");
    EXPECT_EQ(refusal_of([](sim::settings& s) { s.hosts = {"a", "a"}; }),
              "mioco: simulation: hosts = \"a\" twice: allowed is each name once");
    EXPECT_NE(refusal_of([](sim::settings& s) { s.hosts.clear(); }), "none");
    EXPECT_NE(refusal_of([](sim::settings& s) { s.hosts = {""}; }), "none");
    EXPECT_NE(refusal_of([](sim::settings& s) { s.faults.reset = -0.1; }), "none");
    EXPECT_NE(refusal_of([](sim::settings& s) { s.faults.reset = std::stod("nan"); }), "none");
    EXPECT_NE(refusal_of([](sim::settings& s) { s.bytes_per_second = -1; }), "none");
    EXPECT_NE(refusal_of([](sim::settings& s) { s.connect_timeout = 0s; }), "none");
    EXPECT_NE(refusal_of([](sim::settings& s) { s.time_of_look = -1ns; }), "none");
    EXPECT_NE(refusal_of([](sim::settings& s) { s.give_up_after = -1s; }), "none");
    EXPECT_NE(refusal_of([](sim::settings& s) { s.send_buffer_bytes = 1; }), "none");
    EXPECT_NE(refusal_of([](sim::settings& s) { s.receive_buffer_bytes = 1; }), "none");
    EXPECT_NE(refusal_of([](sim::settings& s) { s.pipe_bytes = 5000; }), "none");
    EXPECT_NE(refusal_of([](sim::settings& s) { s.longest_backlog = -1; }), "none");
    EXPECT_NE(refusal_of([](sim::settings& s) { s.faults.failed_lookup = 2; }), "none");
    EXPECT_NE(refusal_of([](sim::settings& s) { s.lookup_latency = {2ms, 1ms}; }), "none");
    EXPECT_NE(refusal_of([](sim::settings& s) { s.most_descriptors = 0; }), "none");
}

TEST(sim_settings, a_world_refuses_them) {
    auto wanted = calm();
    wanted.faults.lost = 2;
    EXPECT_THROW(sim_bench{wanted}, std::invalid_argument);
}

}  // namespace
