// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <system_error>
#include <variant>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"
#include "support/process.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::beside;
using mioco_test::error_of;
using mioco_test::flag;
using mioco_test::message_of;
using mioco_test::signal_process;

class graceful_stops : public mioco_test::anywhere {};
MIOCO_ANYWHERE(graceful_stops);

TEST_P(graceful_stops, are_told_to_all_who_wait_and_to_who_comes_later) {
    inside([] {
        mioco::graceful_stop stop;
        EXPECT_FALSE(stop.is_due());
        EXPECT_FALSE(stop.wait_for(0s));
        mioco::graceful_stop other{SIGTERM};
        std::atomic<int> told = 0;
        const auto wait = [&] { told += stop.wait() == SIGTERM ? 1 : 0; };
        const auto select = [&] {
            mioco::event never;
            const auto won = mioco::select(never.waiting(), stop.waiting());
            told += won.index() == 1 && std::get<1>(won) == SIGTERM ? 1 : 0;
        };
        beside waits[]{beside(wait), beside(wait), beside(select), beside(select)};
        signal_process(SIGTERM);
        for (auto& each : waits) each.join();
        wait();
        select();
        EXPECT_EQ(told, 6);
        EXPECT_TRUE(stop.is_due());
        EXPECT_TRUE(stop.wait_for(1h));
        EXPECT_EQ(other.wait(), SIGTERM);
    });
}

TEST(graceful_stop, lets_what_runs_end_and_cancels_the_rest_when_the_time_is_over) {
    mioco::run([] {
        mioco::graceful_stop stop;
        auto listener = mioco::net::tcp_listener::bind("127.0.0.1:0");
        mioco::scope connections;
        flag is_parked;
        std::atomic<bool> ends = false;
        mioco::event may_end;
        connections.spawn([&] {
            may_end.wait();
            ends = true;
        });
        connections.spawn([&] {
            is_parked.raise();
            mioco::sleep_for(1h);
        });
        is_parked.await();
        signal_process(SIGINT);
        while (mioco::select(stop.waiting(), listener.accepting()).index() != 0) {
        }
        may_end.notify();
        mioco_test::wait_for([&] { return ends.load(); });
        EXPECT_EQ(error_of([&] { mioco::with_deadline(10ms, [&] { connections.wait(); }); }),
                  std::errc::timed_out);
    });
}

void end_twice(int first, int second) {
    mioco::signals also{SIGINT, SIGTERM};  // does not keep the second one from ending the process
    mioco::graceful_stop stop;
    signal_process(first);
    if (stop.wait() != first || also.recv() != first) std::_Exit(1);
    signal_process(second);
    for (;;) mioco::yield();
}

TEST(graceful_stop, ends_the_process_at_a_second_signal) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(end_twice(SIGTERM, SIGTERM), testing::KilledBySignal(SIGTERM), "");
    EXPECT_EXIT(mioco::run([] { end_twice(SIGTERM, SIGINT); }), testing::KilledBySignal(SIGINT),
                "");
}

TEST(graceful_stop, puts_all_back_at_its_end_also_after_a_signal) {
    struct sigaction before{};
    struct sigaction after{};
    sigaction(SIGTERM, nullptr, &before);
    for (int round = 0; round < 3; ++round) {
        mioco::graceful_stop stop;
        raise(SIGTERM);
        EXPECT_EQ(stop.wait(), SIGTERM);
    }
    sigaction(SIGTERM, nullptr, &after);
    EXPECT_EQ(after.sa_handler, before.sa_handler);
}

TEST(graceful_stop, is_refused_by_a_signal_that_does_not_end_a_process) {
    for (const int number : {SIGCHLD, SIGTSTP, SIGWINCH, SIGKILL, SIGSEGV, 0}) {
        const auto make = [&] { const mioco::graceful_stop made{number}; };
        EXPECT_EQ(error_of(make), std::errc::invalid_argument);
        EXPECT_NE(message_of(make).find("signal " + std::to_string(number)), std::string::npos)
            << message_of(make);
    }
}

}  // namespace
