// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/workers.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::captured_stderr;
using mioco_test::count_of;
using mioco_test::flag;

class deadlock : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(deadlock);

constexpr const char* reported = "mioco: deadlock: ";

// Fibers that join each other in a circle, of handles that outlive them.
class circle {
public:
    explicit circle(std::size_t size) : handles_(size) {}

    void spawn_into(mioco::runtime& rt) {
        for (std::size_t i = 0; i < handles_.size(); ++i) {
            const std::size_t next = (i + 1) % handles_.size();
            handles_[i] = rt.spawn({.name = "circle"}, [this, next] {
                made_.await();
                handles_[next].join();
            });
        }
        made_.raise();
    }

private:
    std::vector<mioco::join_handle<void>> handles_;
    flag made_;
};

TEST_P(deadlock, of_joins_in_a_circle_is_reported_with_a_dump) {
    for (const std::size_t size : {2U, 3U, 50U}) {
        const captured_stderr said;
        circle fibers(size);
        mioco::runtime rt(settings());
        fibers.spawn_into(rt);
        const std::string count = "all " + std::to_string(size) + " fibers of a runtime";
        while (count_of("; fiber ", said.text()) != size) std::this_thread::yield();
        EXPECT_EQ(count_of(reported + count, said.text()), 1U) << said.text();
        EXPECT_EQ(count_of("\"circle\" of mioco: waits for join", said.text()), size);
        EXPECT_TRUE(rt.shutdown(1h));
    }
}

TEST_P(deadlock, of_a_fiber_whose_deadline_a_shield_masks_is_reported) {
    const captured_stderr said;
    mioco::join_handle<void> masked;
    mioco::join_handle<void> other;
    flag made;
    mioco::runtime rt(settings());
    masked = rt.spawn([&] {
        made.await();
        mioco::with_deadline(1ms, [&] { mioco::shield([&] { other.join(); }); });
    });
    other = rt.spawn([&] {
        made.await();
        masked.join();
    });
    made.raise();
    while (count_of(reported, said.text()) == 0) std::this_thread::yield();
    EXPECT_TRUE(rt.shutdown(1h));
}

TEST_P(deadlock, is_reported_once) {
    const captured_stderr said;
    circle fibers(2);
    mioco::runtime rt(settings());
    fibers.spawn_into(rt);
    while (count_of(reported, said.text()) == 0) std::this_thread::yield();
    for (int i = 0; i < 100; ++i) rt.spawn([] { mioco::sleep_for(1us); }).join();
    EXPECT_EQ(count_of(reported, said.text()), 1U) << said.text();
    rt.stop();
    rt.wait();
    circle again(3);
    again.spawn_into(rt);
    while (count_of(reported, said.text()) != 2) std::this_thread::yield();
    EXPECT_TRUE(rt.shutdown(1h));
}

TEST_P(deadlock, is_reported_when_the_last_other_fiber_has_ended) {
    const captured_stderr said;
    circle fibers(2);
    mioco::runtime rt(settings());
    flag end;
    auto other = rt.spawn([&] {
        mioco::sleep_for(1us);
        end.await();
    });
    fibers.spawn_into(rt);
    EXPECT_EQ(said.text(), "");
    end.raise();
    other.join();
    while (count_of(reported, said.text()) == 0) std::this_thread::yield();
    EXPECT_TRUE(rt.shutdown(1h));
}

// Whether there are threads that could wake a fiber is asked once a second only.
TEST(deadlock_of_joins, is_reported_long_after_a_thread_was_waited_for) {
    const captured_stderr said;
    mioco::runtime rt(mioco::config{}.workers(1));
    mioco::event go;
    auto waits = rt.spawn([&] { go.wait(); });
    std::this_thread::sleep_for(100ms);  // in which it looks, and finds this thread
    go.notify();
    waits.join();
    std::this_thread::sleep_for(1100ms);
    circle fibers(2);
    fibers.spawn_into(rt);
    while (count_of(reported, said.text()) == 0) std::this_thread::yield();
    EXPECT_TRUE(rt.shutdown(1h));
}

TEST_P(deadlock, is_not_reported_when_ignored) {
    const captured_stderr said;
    circle fibers(2);
    mioco::runtime rt(settings().deadlocks(mioco::on_deadlock::ignore));
    EXPECT_EQ(settings().deadlocks(), mioco::on_deadlock::report);
    fibers.spawn_into(rt);
    for (int i = 0; i < 20; ++i) rt.spawn([] { mioco::sleep_for(1ms); }).join();
    EXPECT_TRUE(rt.shutdown(1h));
    EXPECT_EQ(said.text(), "");
}

// A worker that finds nothing to do looks for a deadlock, so none of these may look like one.
TEST_P(deadlock, is_none_while_somebody_waits_for_time) {
    const captured_stderr said;
    run([] {
        for (int i = 0; i < 20; ++i) {
            mioco::spawn([] { mioco::spawn([] { mioco::sleep_for(2ms); }).join(); }).join();
        }
    });
    EXPECT_EQ(said.text(), "");
}

TEST_P(deadlock, is_none_while_somebody_waits_for_a_descriptor) {
    const captured_stderr said;
    auto listener = mioco::net::tcp_listener::bind("127.0.0.1:0");
    mioco::runtime rt(settings());
    auto waits = rt.spawn([&] { mioco::spawn([&] { listener.accept(); }).join(); });
    for (int i = 0; i < 20; ++i) rt.spawn([] { mioco::sleep_for(2ms); }).join();
    static_cast<void>(mioco::net::tcp_stream::connect(listener.local()));
    waits.join();
    EXPECT_EQ(said.text(), "");
}

TEST_P(deadlock, is_none_while_another_runtime_may_go_on) {
    const captured_stderr said;
    mioco::runtime other(settings());
    flag end;
    auto slow = other.spawn([&] { end.await(); });
    mioco::runtime rt(settings());
    auto waits = rt.spawn([&] { slow.join(); });
    auto nested =
        rt.spawn([] { mioco::run(mioco::config{}.workers(1), [] { mioco::sleep_for(50ms); }); });
    nested.join();
    end.raise();
    waits.join();
    EXPECT_EQ(said.text(), "");
}

TEST_P(deadlock, is_none_while_a_fiber_computes_or_is_about_to_start) {
    const captured_stderr said;
    for (int round = 0; round < 50; ++round) {
        run([] {
            std::vector<mioco::join_handle<void>> fibers;
            for (int i = 0; i < 8; ++i) {
                fibers.push_back(mioco::spawn([] {
                    mioco::spawn([] {
                        for (std::atomic<int> spins = 0; ++spins < 20'000;) {
                        }
                    }).join();
                }));
            }
            for (auto& each : fibers) each.join();
        });
    }
    EXPECT_EQ(said.text(), "");
}

TEST_P(deadlock, is_none_when_the_last_fiber_ends) {
    const captured_stderr said;
    for (int round = 0; round < 100; ++round) {
        run([] {
            for (int i = 0; i < 8; ++i) mioco::spawn([] { mioco::yield(); });
        });
    }
    EXPECT_EQ(said.text(), "");
}

TEST_P(deadlock, is_none_when_a_stop_is_under_way) {
    const captured_stderr said;
    for (int round = 0; round < 50; ++round) {
        circle fibers(5);
        mioco::runtime rt(settings());
        auto sleeper = rt.spawn([] { mioco::sleep_for(1h); });
        fibers.spawn_into(rt);
        rt.stop();
        rt.wait();
    }
    EXPECT_EQ(said.text(), "");
}

}  // namespace
