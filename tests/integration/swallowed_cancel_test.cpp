// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <system_error>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/flag.hpp"
#include "support/sockets.hpp"

// A fiber that goes on after a stop, whatever its calls throw or report, keeps its runtime from ending, but not the fibers beside it.

namespace {

using namespace std::chrono_literals;
using mioco_test::counted;
using mioco_test::error_of;

void expect_others_end_beside(const char* name, const std::function<void()>& call) {
    constexpr int enough = 10'000;  // calls; each fiber's budget is some hundred
    std::atomic<int> living = 0;
    const auto swallow = [](auto&& f) {
        try {
            f();
        } catch (const mioco::fiber_cancelled&) {
            // Goes on all the same.
        } catch (const std::system_error&) {
            // And so here.
        }
    };
    const auto stop_and_go_on = [&] {
        mioco::spawn([ends = counted(living)] { mioco::sleep_for(1h); });
        mioco::yield();
        swallow([] { mioco::shutdown(); });
        for (int i = 0; i < enough && living != 0; ++i) swallow(call);
        EXPECT_EQ(living, 0) << name;
        mioco::yield();
    };
    EXPECT_EQ(error_of([&] { mioco::run(mioco::config{}.workers(1), stop_and_go_on); }),
              std::errc::operation_canceled);
}

TEST(swallowed_cancel, that_is_thrown_lets_others_end) {
    auto [tx, rx] = mioco::channel<int>(1);
    auto silent = mioco_test::connected_pair();
    mioco::mutex guard;
    mioco::condition_variable changed;
    std::byte one[1];
    expect_others_end_beside("shutdown", [] { mioco::shutdown(); });
    expect_others_end_beside("yield", [] { mioco::yield(); });
    expect_others_end_beside("sleep_for", [] { mioco::sleep_for(1h); });
    expect_others_end_beside("receive", [&] { static_cast<void>(rx.recv()); });
    expect_others_end_beside("select", [&] { mioco::select(rx.receiving()); });
    expect_others_end_beside("lock", [&] { const std::scoped_lock held(guard); });
    expect_others_end_beside("wait", [&] {
        std::unique_lock held(guard);
        changed.wait(held);
    });
    expect_others_end_beside("join", [&] { mioco::spawn([] { mioco::sleep_for(1h); }).join(); });
    expect_others_end_beside("offload", [] { mioco::offload([] {}); });
    expect_others_end_beside("read", [&] { silent.near.read(one); });
}

TEST(swallowed_cancel, that_is_reported_lets_others_end) {
    std::error_code ec;
    std::byte one[1]{};
    auto silent = mioco_test::connected_pair();
    expect_others_end_beside("read", [&] { silent.near.read(one, ec); });
    expect_others_end_beside("write", [&] { silent.near.write(one, ec); });
    auto listener = mioco::net::tcp_listener::bind("127.0.0.1:0");
    const auto peer = listener.local();
    expect_others_end_beside("accept", [&] { listener.accept(ec); });
    expect_others_end_beside("connect", [&] { mioco::net::tcp_stream::connect(peer, ec); });
    auto full = mioco::net::unix_datagram::bind(mioco::net::unix_endpoint());
    auto sender = mioco::net::unix_datagram::unbound();
    const auto to = full.local();
    while (sender.try_send_to(one, to)) {
    }
    expect_others_end_beside("send_to", [&] { sender.send_to(one, to, ec); });
    auto backlog = mioco::net::unix_listener::bind(mioco::net::unix_endpoint());
    const auto path = backlog.local();
    expect_others_end_beside("connect of Unix sockets",
                             [&] { mioco::net::unix_stream::connect(path, ec); });
}

TEST(swallowed_cancel, whose_handles_are_empty_lets_others_end) {
    std::error_code ec;
    std::byte one[1]{};
    mioco::join_handle<void> nobody;
    expect_others_end_beside("join", [&] { nobody.join(); });
    auto [tx, rx] = mioco::channel<int>(1);
    const auto moved_tx = std::move(tx);
    const auto moved_rx = std::move(rx);
    expect_others_end_beside("send", [&] { tx.send(1); });
    expect_others_end_beside("receive", [&] { static_cast<void>(rx.recv()); });
    mioco::net::tcp_stream stream;
    expect_others_end_beside("read", [&] { stream.read(one, ec); });
    expect_others_end_beside("write", [&] { stream.write(one, ec); });
    expect_others_end_beside("try_read", [&] { stream.try_read(one, ec); });
    mioco::net::tcp_listener listener;
    expect_others_end_beside("accept", [&] { listener.accept(ec); });
    mioco::net::udp_socket socket;
    expect_others_end_beside("recv", [&] { socket.recv(one, ec); });
    mioco::async_fd device;
    expect_others_end_beside("read of a device", [&] { device.read(one, ec); });
    mioco::fs::file file;
    expect_others_end_beside("read of a file", [&] { file.read(one, ec); });
}

TEST(swallowed_cancel, that_meets_another_runtime_lets_others_end) {
    mioco::runtime other(mioco::config{}.workers(1));
    expect_others_end_beside("wait", [&] { other.wait(); });
    expect_others_end_beside("shutdown", [&] { other.shutdown(1h); });
    expect_others_end_beside("spawn", [&] { other.spawn([] {}).detach(); });
}

}  // namespace
