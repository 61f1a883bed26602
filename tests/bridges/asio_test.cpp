// SPDX-License-Identifier: MPL-2.0
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "asio/loop.hpp"
#include "support/flag.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

// The bridge to Boost.Asio that the example asio uses. `asio_loop::drain` returns only when nothing is under way.

namespace {

using namespace std::chrono_literals;
using boost::asio::steady_timer;
using boost::asio::ip::tcp;
using mioco_test::error_of;
using mioco_test::flag;
using mioco_test::message_of;

void wait_for(asio_loop& loop, std::chrono::nanoseconds time, flag& begun) {
    await<void>(std::make_shared<steady_timer>(loop.context(), time),
                [&](steady_timer& timer, auto done) {
                    timer.async_wait(std::move(done));
                    begun.raise();
                });
}

TEST(asio_bridge, cancels_what_nobody_waits_for_any_more) {
    mioco::run(mioco::config{}.workers(2), [] {
        asio_loop loop;
        flag begun[2];
        auto first = mioco::spawn([&] { wait_for(loop, 1h, begun[0]); });
        auto second = mioco::spawn([&] { wait_for(loop, 1h, begun[1]); });
        for (flag& each : begun) each.await();
        first.cancel();
        second.cancel();
        EXPECT_EQ(error_of([&] { first.join(); }), std::errc::operation_canceled);
        EXPECT_EQ(error_of([&] { second.join(); }), std::errc::operation_canceled);
        loop.drain();
    });
}

TEST(asio_bridge, loses_no_end_to_a_cancel) {
    mioco::run(mioco::config{}.workers(2), [] {
        asio_loop loop;
        std::vector<mioco::join_handle<void>> waiting;
        for (int i = 0; i < 500; ++i) {
            waiting.push_back(mioco::spawn([&] {
                await<void>(
                    std::make_shared<steady_timer>(loop.context(), 0ns),
                    [](steady_timer& timer, auto done) { timer.async_wait(std::move(done)); });
            }));
            mioco::yield();
            if (i % 2 == 0) waiting.back().cancel();
        }
        for (auto& each : waiting) error_of([&] { each.join(); });
        loop.drain();
    });
}

TEST(asio_bridge, throws_where_the_loop_is_gone) {
    mioco::run(mioco::config{}.workers(2), [] {
        std::optional<asio_loop> loop(std::in_place);
        flag begun;
        auto waiting = mioco::spawn([&] { wait_for(*loop, 1h, begun); });
        begun.await();
        loop.reset();
        EXPECT_THROW(waiting.join(), std::future_error);
    });
}

TEST(asio_bridge, throws_what_an_operation_fails_with) {
    mioco::run([] {
        asio_loop loop;
        EXPECT_EQ(message_of([&] {
                      await<tcp::resolver::results_type>(
                          std::make_shared<tcp::resolver>(loop.context()),
                          [](tcp::resolver& by, auto done) {
                              by.async_resolve("127.0.0.1", "no-such-service", std::move(done));
                          });
                  }),
                  "Service not found");
        EXPECT_EQ(error_of([&] {
                      mioco::with_deadline(1ms, [&] {
                          await<void>(std::make_shared<steady_timer>(loop.context(), 1h),
                                      [](steady_timer& timer, auto done) {
                                          timer.async_wait(std::move(done));
                                      });
                      });
                  }),
                  std::errc::timed_out);
        loop.drain();
    });
}

}  // namespace
