// SPDX-License-Identifier: MPL-2.0
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>
#include <mioco/sim.hpp>

// Threads that are none of the simulation's, and touch what is.

namespace {

using namespace std::chrono_literals;
namespace sim = mioco::sim;

/// The call, by a thread of the system. The simulation stands still meanwhile.
template <class Call>
void from_outside(Call call) {
    std::thread(call).join();
}

void run_with_a_waiting_fiber(const std::function<void(mioco::mutex&, mioco::sender<int>&,
                                                       mioco::join_handle<void>&)>& body) {
    sim::run(1, [&] {
        auto [tx, rx] = mioco::channel<int>(4);
        mioco::mutex held;
        held.lock();
        auto receiver = mioco::spawn([rx = rx] { static_cast<void>(rx.recv()); });
        auto locker = mioco::spawn([&] { held.lock(); });
        mioco::sleep_for(1s);
        body(held, tx, receiver);
    });
}

class sim_outsider_death : public testing::Test {
protected:
    void SetUp() override { testing::GTEST_FLAG(death_test_style) = "threadsafe"; }
};

TEST_F(sim_outsider_death, who_sends_to_a_fiber_that_waits) {
    EXPECT_DEATH(
        run_with_a_waiting_fiber([](auto&, auto& tx, auto&) { from_outside([&] { tx.send(1); }); }),
        "mioco: simulation: a thread from outside woke a fiber of it.*mioco::spawn");
}

TEST_F(sim_outsider_death, who_unlocks_for_a_fiber_that_waits) {
    EXPECT_DEATH(run_with_a_waiting_fiber(
                     [](auto& held, auto&, auto&) { from_outside([&] { held.unlock(); }); }),
                 "a thread from outside woke a fiber");
}

TEST_F(sim_outsider_death, who_joins_a_fiber) {
    EXPECT_DEATH(run_with_a_waiting_fiber(
                     [](auto&, auto&, auto& receiver) { from_outside([&] { receiver.join(); }); }),
                 "a thread from outside joined a fiber");
}

TEST_F(sim_outsider_death, who_selects_a_fiber_s_end) {
    EXPECT_DEATH(run_with_a_waiting_fiber([](auto&, auto&, auto& receiver) {
                     from_outside([&] { mioco::select(receiver.joining(), mioco::after(1h)); });
                 }),
                 "a thread from outside joined a fiber");
}

TEST_F(sim_outsider_death, who_wakes_a_thread_of_the_pool) {
    EXPECT_DEATH(sim::run(1,
                          [] {
                              auto [tx, rx] = mioco::channel<int>(4);
                              auto waiting = mioco::spawn([rx = rx] {
                                  mioco::offload([&] { static_cast<void>(rx.recv()); });
                              });
                              mioco::sleep_for(1s);
                              from_outside([&tx = tx] { tx.send(1); });
                          }),
                 "a thread from outside woke a thread");
}

void run_with_a_runtime(const std::function<void(mioco::runtime&)>& call) {
    sim::run(1, [&] {
        mioco::runtime made;
        made.spawn([] { mioco::sleep_for(1s); });
        from_outside([&] { call(made); });
    });
}

TEST_F(sim_outsider_death, who_uses_a_runtime) {
    EXPECT_DEATH(run_with_a_runtime([](mioco::runtime& of) { of.spawn([] {}); }),
                 "a thread from outside spawned a fiber");
    EXPECT_DEATH(run_with_a_runtime([](mioco::runtime& of) { of.run([] {}); }),
                 "a thread from outside ran a runtime");
    EXPECT_DEATH(run_with_a_runtime([](mioco::runtime& of) { of.stop(); }),
                 "a thread from outside stopped a runtime");
    EXPECT_DEATH(run_with_a_runtime([](mioco::runtime& of) { of.shutdown(1s); }),
                 "a thread from outside stopped a runtime");
    EXPECT_DEATH(run_with_a_runtime([](mioco::runtime& of) { of.wait(); }),
                 "a thread from outside waited for the end of a runtime");
}

TEST_F(sim_outsider_death, a_fiber_of_a_real_runtime) {
    EXPECT_DEATH(run_with_a_waiting_fiber([](auto&, auto& tx, auto&) {
                     from_outside([&] { mioco::run([&] { tx.send(1); }); });
                 }),
                 "a thread from outside woke a fiber");
}

TEST_F(sim_outsider_death, another_simulation) {
    EXPECT_DEATH(run_with_a_waiting_fiber([](auto&, auto& tx, auto&) {
                     from_outside([&] { sim::run(1, [&] { tx.send(1); }); });
                 }),
                 "a thread from outside woke a fiber");
}

TEST_F(sim_outsider_death, a_runtime_that_outlives_its_world) {
    EXPECT_DEATH(
        {
            std::unique_ptr<mioco::runtime> kept;
            sim::run(1, [&] { kept = std::make_unique<mioco::runtime>(); });
        },
        "a runtime that was made in it is still there at its end");
}

TEST(sim_outsider, may_join_what_has_ended) {
    mioco::join_handle<int> ended = sim::run(1, [] { return mioco::spawn([] { return 7; }); });
    EXPECT_EQ(ended.join(), 7);
}

TEST(sim_outsider, is_not_seen_where_nobody_waits) {
    sim::run(1, [] {
        auto [tx, rx] = mioco::channel<int>(1);
        from_outside([&tx = tx] { tx.send(7); });
        EXPECT_EQ(rx.recv(), 7);
    });
}

TEST(sim_outsider, a_simulation_may_wake_who_is_outside) {
    auto [tx, rx] = mioco::channel<int>(1);
    int received = 0;
    std::thread outside([&, rx = rx] { received = rx.recv().value_or(0); });
    sim::run(1, [&tx = tx] { tx.send(7); });
    outside.join();
    EXPECT_EQ(received, 7);
}

}  // namespace
