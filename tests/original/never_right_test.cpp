// SPDX-License-Identifier: MPL-2.0
// What the original never got right, as far as no other test shows that it is right here.
#include <atomic>
#include <chrono>
#include <cstddef>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <mioco/mioco.hpp>

#include "io/fd.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"
#include "support/workers.hpp"

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using mioco::detail::fd_object;
using mioco_test::error_of;
using mioco_test::flag;

class never_right : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(never_right);

// A select reported what another had taken meanwhile. Here the case that wins has its item.
TEST_P(never_right, a_case_that_wins_has_what_it_waited_for) {
    constexpr int items = 2'000;
    std::atomic<int> taken = 0;
    run([&] {
        auto [in, out] = mioco::unbounded_channel<int>();
        for (int i = 0; i < 8; ++i) {
            mioco::spawn([&taken, out = out] {
                for (;;) {
                    auto event = mioco::select(out.receiving(), mioco::after(1h));
                    ASSERT_EQ(event.index(), 0U);
                    if (!std::get<0>(event)) break;
                    ++taken;
                }
                EXPECT_TRUE(out.is_exhausted());
            });
        }
        for (int i = 0; i < items; ++i) in.send(i);
    });
    EXPECT_EQ(taken, items);
}

// Whether a fiber threw, was killed, or was killed before it began could not be told.
TEST_P(never_right, a_join_tells_what_became_of_the_fiber) {
    mioco::runtime stopped(settings());
    flag begun;
    auto killed = stopped.spawn([&] {
        begun.raise();
        mioco::sleep_for(1h);
    });
    begun.await();
    stopped.stop();
    EXPECT_EQ(error_of([&] { killed.join(); }), std::errc::operation_canceled);
    mioco::runtime never_begun(settings());
    never_begun.stop();
    auto unstarted = never_begun.spawn([] { ADD_FAILURE() << "it began"; });
    EXPECT_EQ(error_of([&] { unstarted.join(); }), std::errc::operation_canceled);
    run([] {
        auto threw = mioco::spawn([] { throw std::system_error(ENOENT, std::generic_category()); });
        EXPECT_EQ(error_of([&] { threw.join(); }), std::errc::no_such_file_or_directory);
    });
}

int make_waiting_connects_look_again() {
    int woken = 0;
    mioco::detail::all_fds.for_each([&](fd_object& fd) {
        if (!fd[mioco::detail::side::write].slot().is_occupied()) return;
        mioco::detail::wake_sides(fd);
        ++woken;
    });
    return woken;
}

// A wake-up that meant nothing counted as the connection.
TEST(never_right_once, a_spurious_wake_up_is_no_connection) {
    auto listener = mioco::net::tcp_listener::bind("127.0.0.1:0", {.backlog = 0});
    const mioco_test::raw_client first(listener.local());
    for (tcp_info info{}; info.tcpi_unacked != 1; mioco::yield()) {
        socklen_t size =
            sizeof info;  // of a listening socket: those in its queue, which is full then
        getsockopt(listener.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size);
    }
    mioco::runtime rt(mioco::config{}.workers(2));
    flag connecting;
    auto second = rt.spawn([&] {
        connecting.raise();
        return mioco::net::tcp_stream::connect(listener.local());
    });
    connecting.await();
    for (int woken = 0; woken < 100; mioco::yield()) woken += make_waiting_connects_look_again();
    EXPECT_FALSE(second.done());
    listener.accept();
    auto stream = second.join();
    stream.write_all("now"sv);
    auto accepted = listener.accept();
    EXPECT_EQ(mioco_test::read_text(accepted, 3), "now");
}

// After a receive outside the waits of the same receiver in fibers returned at once, with nothing there.
TEST_P(never_right, one_receiver_serves_threads_and_fibers_in_turn) {
    auto [in, out] = mioco::unbounded_channel<int>();
    for (int i = 0; i < 10; ++i) {
        in.send(i);
        EXPECT_EQ(out.recv(), i);
        run([&in = in, &out = out, i] {
            EXPECT_EQ(mioco::select(out.receiving(), mioco::otherwise).index(), 1U);
            auto sending = mioco::spawn([&in, i] { in.send(-i); });
            EXPECT_EQ(std::get<0>(mioco::select(out.receiving(), mioco::after(1h))), -i);
            sending.join();
        });
    }
}

}  // namespace
