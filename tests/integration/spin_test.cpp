// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <atomic>
#include <chrono>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "base/sys.hpp"
#include "support/sockets.hpp"

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

// So long that it is found also where all is slow.
constexpr auto long_spin = 1ms;

// A runtime whose only fiber asks, and a thread that answers at once.
class near_peer {
public:
    explicit near_peer(std::chrono::nanoseconds spin, unsigned workers = 1)
        : runtime_(mioco::config{}.workers(workers).spin(spin)) {
        auto [asks, answers] = mioco_test::connected_pair();
        asks_ = std::move(asks);
        answers_ = std::thread([far = std::move(answers)]() mutable {
            char byte[1];
            std::error_code ec;
            while (far.read(byte, ec) == 1) far.write_all(byte, ec);
        });
    }
    ~near_peer() {
        asks_.close();
        answers_.join();
    }
    near_peer(const near_peer&) = delete;
    near_peer& operator=(const near_peer&) = delete;

    // A round trip after the other, until the condition holds.
    template <class Condition>
    void ask_until(Condition holds) {
        runtime_.run([&] {
            char byte[1];
            while (!holds()) {
                asks_.write_all("x"sv);
                asks_.read_exactly(byte);
            }
        });
    }
    [[nodiscard]] mioco::worker_metrics counts() const { return runtime_.metrics().total; }
    [[nodiscard]] mioco::runtime& runtime() { return runtime_; }

private:
    mioco::runtime runtime_;
    mioco::net::tcp_stream asks_;
    std::thread answers_;
};

TEST(spin, finds_what_a_near_peer_sends_before_the_worker_sleeps) {
    near_peer peer(long_spin);
    peer.ask_until([&] { return peer.counts().spins > 100; });
    EXPECT_GE(peer.counts().sleeps, 64U) << "it is tried out after short sleeps";
}

TEST(spin, of_no_length_never_happens) {
    near_peer peer(0ns);
    int rounds = 0;
    peer.ask_until([&] { return ++rounds > 1000; });
    EXPECT_EQ(peer.counts().spins, 0U);
}

TEST(spin, leaves_an_idle_worker_asleep) {
    near_peer peer(long_spin);
    peer.ask_until([&] { return peer.counts().spins > 100; });
    peer.runtime().run([&] {
        mioco::sleep_for(10ms);
        const auto before = mioco::detail::sys::thread_cpu_ns();
        mioco::sleep_for(200ms);
        EXPECT_LT(std::chrono::nanoseconds(mioco::detail::sys::thread_cpu_ns() - before), 50ms);
    });
}

TEST(spin, happens_where_others_watch_too) {
    near_peer peer(long_spin, 4);
    peer.ask_until([&] { return peer.counts().spins > 100; });
    EXPECT_EQ(peer.runtime().worker_count(), 4U);
}

// How long, at most, what a fiber has spawned waits for it while it computes, and the other worker spins now and then.
std::chrono::nanoseconds longest_wait_behind_one_that_computes(near_peer& peer) {
    std::atomic<bool> ends = false;
    std::chrono::nanoseconds longest{0};
    auto computes = peer.runtime().spawn([&] {
        for (int i = 0; i < 20; ++i) {
            mioco::sleep_for(20ms);
            std::atomic<bool> begun = false;
            const auto began = std::chrono::steady_clock::now();
            auto behind = mioco::spawn([&] { begun = true; });
            while (!begun && std::chrono::steady_clock::now() - began < 5s) continue;
            longest = std::max<std::chrono::nanoseconds>(longest,
                                                         std::chrono::steady_clock::now() - began);
            behind.join();
        }
        ends = true;
    });
    peer.ask_until([&] { return ends.load(); });
    computes.join();
    return longest;
}

// With two workers nobody sleeps then who could be woken to watch.
TEST(spin, leaves_nobody_behind_a_fiber_that_computes) {
    near_peer peer(long_spin, 2);
    std::chrono::nanoseconds longest = 1h;
    // Other programs may have the processor for long, but not each time.
    for (int i = 0; i < 2 && longest > 100ms; ++i)
        longest = std::min(longest, longest_wait_behind_one_that_computes(peer));
    EXPECT_LT(longest, 100ms);
}

TEST(spin, finds_who_comes_from_elsewhere) {
    near_peer peer(long_spin);
    peer.ask_until([&] { return peer.counts().spins > 100; });
    const auto before = peer.counts().spins;
    while (peer.counts().spins < before + 10)
        EXPECT_EQ(peer.runtime().spawn([] { return 42; }).join(), 42);
}

TEST(spin, ends_when_a_deadline_comes) {
    near_peer peer(long_spin);
    peer.ask_until([&] { return peer.counts().spins > 100; });
    std::chrono::nanoseconds least = 1h;
    // Other programs may have the processor meanwhile, but not each time.
    const auto give_up = std::chrono::steady_clock::now() + 20s;
    peer.runtime().run([&] {
        for (auto now = std::chrono::steady_clock::now(); least >= long_spin && now < give_up;) {
            const auto began = now;
            mioco::sleep_for(50us);
            now = std::chrono::steady_clock::now();
            least = std::min<std::chrono::nanoseconds>(least, now - began);
        }
    });
    EXPECT_LT(least, long_spin);
}

}  // namespace
