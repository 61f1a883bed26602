// SPDX-License-Identifier: MPL-2.0
// Bugs that were reported of the original, by their numbers there, as far as no other test shows that they are none here. What hung there
// runs into the time-out of a test here.
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/flag.hpp"
#include "support/sockets.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using mioco_test::error_of;
using mioco_test::flag;

class bugs : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(bugs);

// An event that came while another source of the same wait was served was lost.
TEST_P(bugs, bug_28_an_event_is_not_lost_to_another) {
    run([] {
        std::array pipes{mioco::pipe(), mioco::pipe()};
        auto writing = mioco::spawn([&] {
            for (int i = 0; i < 500; ++i) {
                for (auto& [reader, writer] : pipes) writer.write_all("x"sv);
            }
            for (auto& [reader, writer] : pipes) writer.close();
        });
        std::array<std::size_t, 2> counts{};
        std::array open{true, true};
        while (open[0] || open[1]) {
            const auto event = mioco::select(mioco::when(open[0], pipes[0].first.readable()),
                                             mioco::when(open[1], pipes[1].first.readable()));
            char bytes[7];
            const std::size_t count = pipes[event.index()].first.read(bytes);
            counts[event.index()] += count;
            if (count == 0) open[event.index()] = false;
        }
        writing.join();
        EXPECT_EQ(counts, (std::array<std::size_t, 2>{500, 500}));
    });
}

// A request with a way for the reply in it, to a fiber that answers.
TEST_P(bugs, bug_55_request_and_reply_do_not_block) {
    struct request {
        int number;
        mioco::sender<int> reply;
    };
    run([] {
        auto [ask, asked] = mioco::unbounded_channel<request>();
        auto server = mioco::spawn([asked = std::move(asked)] {
            for (const auto& each : asked) each.reply.send(2 * each.number);
        });
        for (int i = 0; i < 1000; ++i) {
            auto [reply, answer] = mioco::unbounded_channel<int>();
            ask.send({i, std::move(reply)});
            EXPECT_EQ(answer.recv(), 2 * i);
        }
        ask = {};
        server.join();
    });
}

// A fiber seemed to run on two threads at once, and its timers to end at once.
TEST_P(bugs, bug_62_a_fiber_is_on_one_thread_at_a_time) {
    run([] {
        for (int i = 0; i < 50; ++i) {
            mioco::spawn([] {
                std::atomic<bool> running = false;
                for (int round = 0; round < 20; ++round) {
                    EXPECT_FALSE(running.exchange(true));
                    const auto begun = mioco_test::now();
                    EXPECT_TRUE(running.exchange(false));
                    mioco::sleep_for(500us);
                    EXPECT_GE(mioco_test::now() - begun, 500us);
                }
            });
        }
    });
}

// More spawns in a row than the queue between threads had places, without a switch in between; and as many wake-ups.
TEST_P(bugs, bug_69_thousands_of_spawns_and_wakeups_in_a_row_do_not_jam) {
    constexpr int count = 10'000;
    std::atomic<int> woken = 0;
    run([&] {
        mioco::event go;
        for (int i = 0; i < count; ++i) {
            mioco::spawn([&] {
                go.wait();
                ++woken;
            });
        }
        go.notify();
        while (woken != count) mioco::yield();
    });
}

// A shutdown that came through a channel met fibers that had not begun.
TEST_P(bugs, bug_110_a_shutdown_through_a_channel_finds_fibers_that_have_not_begun) {
    auto [tell, told] = mioco::unbounded_channel<bool>();
    flag spawning;
    mioco_test::thread outside([&, tell = std::move(tell)] {
        spawning.await();
        tell.send(true);
    });
    EXPECT_EQ(error_of([&] {
                  run([&, told = std::move(told)] {
                      mioco::spawn([told = told] {
                          if (told.recv()) mioco::shutdown();
                      });
                      spawning.raise();
                      for (;; mioco::yield()) {
                          for (int i = 0; i < 100; ++i) mioco::spawn([] {});
                      }
                  });
              }),
              std::errc::operation_canceled);
    outside.join();
}

// Lines that come in pieces, read by way of select with a timer: wake-ups for what is not whole yet hit an assertion.
TEST_P(bugs, bug_124_lines_are_read_beside_a_timer) {
    run([] {
        auto [near, far] = mioco_test::connected_pair();
        auto writing = mioco::spawn([&far = far] {
            for (int i = 0; i < 300; ++i) {
                far.write_all("a li"sv);
                mioco::yield();
                far.write_all("ne\n"sv);
            }
            far.close();
        });
        mioco::timer timer;
        std::string text;
        for (bool open = true; open;) {
            timer.set(1ms);
            if (mioco::select(near.readable(), timer.expiring()).index() == 1) continue;
            char bytes[5];
            const std::size_t count = near.read(bytes);
            text.append(bytes, count);
            open = count != 0;
        }
        writing.join();
        std::string expected;
        for (int i = 0; i < 300; ++i) expected += "a line\n";
        EXPECT_EQ(text, expected);
    });
}

// Two items a second there, as whoever yielded with nobody else ready slept: an hour and a half for these.
TEST_P(bugs, bug_153_a_full_channel_between_fibers_keeps_moving) {
    run([] {
        auto [in, out] = mioco::channel<int>(3);
        auto sending = mioco::spawn([in = std::move(in)] {
            for (int i = 0; i < 10'000; ++i) in.send(i);
        });
        int expected = 0;
        for (const int each : out) {
            EXPECT_EQ(each, expected++);
            if (each % 100 == 0) mioco::yield();
        }
        EXPECT_EQ(expected, 10'000);
        sending.join();
    });
}

}  // namespace
