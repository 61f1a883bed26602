// SPDX-License-Identifier: MPL-2.0
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <regex>
#include <stdexcept>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>
#include <mioco/sim.hpp>

// What is told when nothing goes on, and that the run ends.

namespace {

using namespace std::chrono_literals;
namespace sim = mioco::sim;

std::string deadlock_of(const std::function<void()>& program, std::uint64_t seed = 1) {
    try {
        sim::run(seed, program);
    } catch (const sim::deadlock& e) {
        return e.what();
    }
    return "";
}

#define EXPECT_MATCH(text, pattern) \
    EXPECT_TRUE(std::regex_search(text, std::regex(pattern))) << (text)

void receive_what_nobody_sends() {
    auto [tx, rx] = mioco::channel<int>(1);
    static_cast<void>(rx.recv());
}

TEST(sim_deadlock, tells_each_fiber_its_host_its_wait_and_since_when) {
    const std::string said = deadlock_of([] {
        mioco::sleep_for(1500ms);
        auto reader = sim::spawn_on("server", [] {
            mioco::sleep_for(2s);
            auto listener = mioco::net::tcp_listener::bind("0.0.0.0:80");
            mioco::spawn({.name = "receiver"}, receive_what_nobody_sends);
            listener.accept();
        });
        reader.join();
    });
    EXPECT_EQ(said.find("after 3.5"), 0U) << said;
    EXPECT_MATCH(said,
                 "\non localhost: fiber [0-9]+ \"main\" of localhost: waits for join of "
                 "another runtime's fiber, since 1\\.50[0-9] s\n");
    EXPECT_MATCH(said,
                 "\non server: fiber [0-9]+ of server: waits for read, since 3\\.50[0-9] s; "
                 "fiber [0-9]+ joins it\n");
    EXPECT_MATCH(said,
                 "\non server: fiber [0-9]+ \"receiver\" of server: waits for receive, since "
                 "3\\.50[0-9] s\n");
}

TEST(sim_deadlock, tells_nothing_of_other_runtimes) {
    mioco::runtime outside(mioco::config{}.workers(1).name("elsewhere"));
    auto [tx, rx] = mioco::channel<int>(1);
    outside.spawn([rx = rx] { static_cast<void>(rx.recv()); });
    const std::string said = deadlock_of([] { receive_what_nobody_sends(); });
    EXPECT_EQ(said.find("elsewhere"), std::string::npos) << said;
    EXPECT_NE(said.find("main"), std::string::npos) << said;
}

TEST(sim_deadlock, ends_runtimes_that_the_program_has_made) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const std::string said = deadlock_of(
            [] {
                mioco::run(mioco::config{}.name("inner"), [] {
                    mioco::spawn(receive_what_nobody_sends);
                    receive_what_nobody_sends();
                });
            },
            seed);
        EXPECT_MATCH(said, "on localhost: fiber [0-9]+ \"main\" of inner: waits for receive");
        EXPECT_MATCH(
            said, "on localhost: fiber [0-9]+ \"main\" of localhost: waits for the runtime's end");
    }
}

TEST(sim_deadlock, ends_one_that_a_thread_of_the_pool_waits_for) {
    const std::string said = deadlock_of([] {
        mioco::offload([] {
            mioco::runtime inner(mioco::config{}.name("inner"));
            inner.spawn([] { receive_what_nobody_sends(); });
            inner.wait();
        });
    });
    EXPECT_MATCH(said, "fiber [0-9]+ \"main\" of localhost: waits for offload");
    EXPECT_MATCH(said, "on localhost: a thread of the pool: waits for the runtime's end\n");
}

// A thread that waits for a descriptor looks at it when something changes, and not now and then, which would never be a standstill.
TEST(sim_deadlock, is_seen_while_a_thread_of_the_pool_waits_for_a_descriptor) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        sim::report about;
        std::optional<mioco::pipe_writer> kept;
        std::size_t count = 99;
        sim::config wanted;
        wanted.seed = seed;
        EXPECT_THROW(sim::run(
                         wanted,
                         [&] {
                             auto [out, in] = mioco::pipe();
                             kept = std::move(in);
                             mioco::spawn([&] {
                                 const auto last = std::make_unique<int>(1);
                                 try {
                                     receive_what_nobody_sends();
                                 } catch (...) {
                                     kept->close();
                                     throw;
                                 }
                             });
                             mioco::offload([&, out = std::move(out)]() mutable {
                                 char byte[1];
                                 count = out.read(byte);
                             });
                         },
                         &about),
                     sim::deadlock);
        EXPECT_EQ(count, 0U) << "it saw the end";
    }
}

std::string overrun_of(std::chrono::nanoseconds limit, const std::function<void()>& program) {
    sim::config wanted;
    wanted.time_limit = limit;
    sim::report about;
    try {
        sim::run(wanted, program, &about);
    } catch (const sim::overrun& e) {
        EXPECT_GT(about.passed, 0s);
        return e.what();
    }
    return "";
}

TEST(sim_overrun, tells_who_does_what_nobody_waits_for) {
    const auto ticks_for_ever = [] {
        sim::spawn_on("server", [] {
            for (;;) mioco::sleep_for(7min);
        });
        receive_what_nobody_sends();
    };
    const std::string said = overrun_of(1h, ticks_for_ever);
    EXPECT_EQ(said.find("after 3"), 0U) << said;
    EXPECT_MATCH(said, "\non localhost: fiber [0-9]+ \"main\" of localhost: waits for receive");
    EXPECT_MATCH(said, "\non server: fiber [0-9]+ of server: waits for sleep");
    EXPECT_THROW(sim::run(1, ticks_for_ever), sim::overrun) << "there is a limit by default";
}

TEST(sim_overrun, is_none_of_what_ends_in_time) {
    EXPECT_EQ(overrun_of(1h, [] { mioco::sleep_for(59min); }), "");
    EXPECT_EQ(overrun_of(std::chrono::nanoseconds::max(), [] { mioco::sleep_for(10000h); }), "");
    EXPECT_THROW(overrun_of(0s, [] {}), std::invalid_argument);
}

TEST(sim_overrun, what_stops_late_still_ends_in_peace) {
    const std::string said = overrun_of(1h, [] {
        try {
            mioco::sleep_for(24h);
        } catch (...) {
            mioco::shield([] { mioco::sleep_for(24h); });
            throw;
        }
    });
    EXPECT_NE(said, "");
}

TEST(sim_offload, is_woken_by_what_comes_for_a_descriptor) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        sim::run(seed, [] {
            auto [out, in] = mioco::pipe();
            mioco::spawn([in = std::move(in)]() mutable {
                mioco::sleep_for(1h);
                in.write_all(std::string_view("x"));
            });
            mioco::offload([out = std::move(out)]() mutable {
                char byte[1];
                EXPECT_EQ(out.read(byte), 1U);
            });
        });
    }
}

class sim_deadlock_death : public testing::Test {
protected:
    void SetUp() override { testing::GTEST_FLAG(death_test_style) = "threadsafe"; }
};

TEST_F(sim_deadlock_death, who_waits_on_though_asked_to_stop) {
    EXPECT_DEATH(deadlock_of([] { mioco::offload([] { receive_what_nobody_sends(); }); }),
                 "seed 1: all fibers were asked to stop, and some wait on for what nobody will "
                 "do.*\n.*\n?(.*\n)*.*a thread of the pool: "
                 "waits for receive");
}

}  // namespace
