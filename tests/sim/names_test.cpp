// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>
#include <mioco/sim.hpp>

#include "support/flag.hpp"
#include "support/resolvers.hpp"

// Names of simulated hosts, and connections to those that have several addresses.

namespace {

using namespace std::chrono_literals;
namespace sim = mioco::sim;
using mioco::net::endpoint;
using mioco::net::ip_family;
using mioco::net::resolve_errc;
using mioco::net::tcp_listener;
using mioco::net::tcp_stream;
using mioco_test::message_of;
using mioco_test::names_by;

sim::config with_seed(std::uint64_t seed) {
    sim::config made;
    made.seed = seed;
    return made;
}

// A run that leaves nothing open.
template <class F>
void run_clean(const sim::config& wanted, F program) {
    sim::report about;
    sim::run(wanted, program, &about);
    EXPECT_EQ(about.open_descriptors, 0U) << "seed " << wanted.seed;
}

template <class F>
void run_seeds(std::uint64_t count, F program) {
    for (std::uint64_t seed = 1; seed <= count; ++seed) run_clean(with_seed(seed), program);
}

// Accepts, and says a byte, until it is stopped. Of both families.
void serve_on(const std::string& host) {
    sim::spawn_on(host, [] {
        auto listener = tcp_listener::bind("[::]:80");
        for (;;) {
            auto client = listener.accept();
            std::error_code ignored;  // of one that has left
            client.write(std::string_view("x"), ignored);
        }
    }).detach();
}

bool says_a_byte(tcp_stream& from) {
    char buffer[1];
    return from.read(buffer) == 1;
}

void add_host(std::string_view name) { static_cast<void>(sim::address_of(name)); }

endpoint v4_of(const std::string& host) { return endpoint::parse(sim::address_of(host) + ":80"); }

endpoint v6_of(const std::string& host) {
    return mioco::net::resolve(host + ":80", {.family = ip_family::v6}).at(0);
}

std::chrono::steady_clock::duration time_of(const std::function<void()>& call) {
    const mioco::timer before;
    call();
    const mioco::timer after;
    return after.deadline() - before.deadline();
}

TEST(sim_names, are_those_of_the_hosts) {
    run_seeds(20, [] {
        add_host("server");
        const auto found = mioco::net::resolve("server:https");
        ASSERT_EQ(found.size(), 2U);
        EXPECT_NE(found[0].is_v6(), found[1].is_v6());
        EXPECT_EQ(std::ranges::count(found, v4_of("server").with_port(443)), 1);
        std::error_code ec;
        EXPECT_TRUE(mioco::net::resolve("stranger", ec).empty());
        EXPECT_EQ(ec, resolve_errc::not_found);
        EXPECT_TRUE(mioco::net::resolve("server:no-such-service", ec).empty());
        EXPECT_EQ(ec, resolve_errc::unknown_service);
        EXPECT_EQ(mioco::net::resolve("localhost:7").size(), 2U);
        EXPECT_EQ(mioco::net::resolve("127.0.0.1:echo"), std::vector{endpoint::loopback_v4(7)});
        EXPECT_EQ(mioco::net::resolve("[::1]:echo"), std::vector{endpoint::loopback_v6(7)});
        mioco::net::resolve("::1", {.family = ip_family::v4}, ec);
        EXPECT_EQ(ec, resolve_errc::no_such_family);
    });
}

TEST(sim_names, either_family_comes_first) {
    int v6_first = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        run_clean(with_seed(seed), [&] {
            add_host("server");
            if (mioco::net::resolve("server").front().is_v6()) ++v6_first;
        });
    }
    EXPECT_GT(v6_first, 0);
    EXPECT_LT(v6_first, 40);
}

TEST(sim_names, take_their_time_but_for_those_that_a_host_knows_itself) {
    sim::config wanted = with_seed(1);
    wanted.lookup_latency = {1h, 2h};
    run_clean(wanted, [] {
        add_host("server");
        const auto passed = time_of([] { mioco::net::resolve("server"); });
        EXPECT_GE(passed, 1h);
        EXPECT_LT(passed, 3h);
        EXPECT_LT(time_of([] { mioco::net::resolve("localhost"); }), 1min);
        std::error_code ec;
        EXPECT_LT(time_of([&] { mioco::net::resolve_for("server", 1min, ec); }), 1h);
        EXPECT_EQ(ec, std::errc::timed_out);
        EXPECT_LT(time_of([&] { tcp_stream::connect_for("server:80", 1min, ec); }), 1h);
        EXPECT_EQ(ec, std::errc::timed_out);
    });
}

TEST(sim_names, fail_now_and_then) {
    int failed = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        sim::config wanted = with_seed(seed);
        wanted.faults.failed_lookup = 0.5;
        run_clean(wanted, [&] {
            add_host("server");
            std::error_code ec;
            mioco::net::resolve("server", ec);
            if (ec == resolve_errc::try_again) ++failed;
            mioco::net::resolve("localhost", ec);
            EXPECT_FALSE(ec);
        });
    }
    EXPECT_GT(failed, 5);
    EXPECT_LT(failed, 35);
}

TEST(sim_names, a_lookup_is_left_by_a_host_that_stops) {
    run_seeds(50, [] {
        add_host("server");
        auto client = sim::spawn_on("client", [] {
            for (;;) mioco::net::resolve("server");
        });
        mioco::sleep_for(std::chrono::microseconds(sim::random_below(50'000)));
        sim::stop("client");
        EXPECT_THROW(client.join(), std::system_error);
    });
}

TEST(sim_names, connect_over_either_family) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        sim::config wanted = with_seed(seed);
        wanted.faults.again = 0.1;
        wanted.faults.interrupted = 0.1;
        run_clean(wanted, [] {
            serve_on("server");
            mioco::sleep_for(1s);
            auto near = tcp_stream::connect("server:http");
            EXPECT_TRUE(says_a_byte(near));
            sim::stop("server");
        });
    }
}

// The hosts "alive" and "also alive" serve, "dead" is cut off, and nobody listens on "deaf".
void with_hosts(const std::function<void()>& body) {
    for (const char* const host : {"alive", "also alive", "dead"}) serve_on(host);
    add_host("deaf");
    mioco::sleep_for(1s);
    sim::partition("localhost", "dead");
    body();
    for (const char* const host : {"alive", "also alive", "dead"}) sim::stop(host);
}

TEST(sim_names, the_next_address_gets_its_chance_after_250_ms) {
    run_seeds(50, [] {
        with_hosts([] {
            const names_by list({v4_of("dead"), v4_of("alive")});
            const auto passed = time_of([] {
                auto near = tcp_stream::connect("service:80");
                EXPECT_EQ(near.peer(), v4_of("alive"));
                EXPECT_TRUE(says_a_byte(near));
            });
            EXPECT_GE(passed, 250ms);
            EXPECT_LT(passed, 300ms);
        });
    });
}

TEST(sim_names, the_next_address_gets_its_chance_at_once_when_one_fails) {
    run_seeds(50, [] {
        with_hosts([] {
            const names_by list({v4_of("deaf"), endpoint::parse("192.0.2.1:80"), v4_of("alive")});
            EXPECT_LT(time_of([] {
                          EXPECT_EQ(tcp_stream::connect("service:80").peer(), v4_of("alive"));
                      }),
                      50ms);
        });
    });
}

// Also beside one that has not ended yet.
TEST(sim_names, one_that_fails_is_followed_at_once_while_others_are_under_way) {
    run_seeds(50, [] {
        with_hosts([] {
            const names_by list({v4_of("dead"), v4_of("deaf"), v4_of("alive")});
            EXPECT_LT(time_of([] {
                          EXPECT_EQ(tcp_stream::connect("service:80").peer(), v4_of("alive"));
                      }),
                      300ms);
        });
    });
}

TEST(sim_names, plain_threads_try_all_addresses_too) {
    run_seeds(50, [] {
        with_hosts([] {
            const names_by list({v4_of("dead"), v4_of("deaf"), v4_of("alive")});
            mioco::offload([] {
                EXPECT_FALSE(mioco::this_fiber::in_fiber());
                const auto passed = time_of(
                    [] { EXPECT_EQ(tcp_stream::connect("service:80").peer(), v4_of("alive")); });
                EXPECT_GE(passed, 250ms);
                EXPECT_LT(passed, 300ms);
                std::error_code ec;
                tcp_stream::connect_for(v4_of("dead"), 1s, ec);
                EXPECT_EQ(ec, std::errc::timed_out);
            });
        });
    });
}

TEST(sim_names, families_take_turns) {
    run_seeds(50, [] {
        with_hosts([] {
            const std::vector<endpoint> all{v6_of("dead"), v6_of("dead").with_port(81),
                                            v6_of("dead").with_port(82), v4_of("alive")};
            const names_by list(all);
            EXPECT_LT(time_of([] {
                          EXPECT_EQ(tcp_stream::connect("service:80").peer(), v4_of("alive"));
                      }),
                      300ms);
        });
    });
}

TEST(sim_names, a_first_address_that_is_slow_may_still_win) {
    sim::config wanted;
    wanted.latency = {200ms, 200ms};
    for (wanted.seed = 1; wanted.seed <= 20; ++wanted.seed) {
        run_clean(wanted, [] {
            with_hosts([] {
                const names_by list({v4_of("alive"), v4_of("dead"), v4_of("also alive")});
                EXPECT_EQ(tcp_stream::connect("service:80").peer(), v4_of("alive"));
            });
        });
    }
}

TEST(sim_names, when_all_fail_the_best_error_and_all_addresses_are_told) {
    run_seeds(20, [] {
        with_hosts([] {
            const names_by list({v4_of("deaf"), endpoint::parse("192.0.2.1:80")});
            std::error_code ec;
            EXPECT_FALSE(tcp_stream::connect("service:80", ec).is_open());
            EXPECT_EQ(ec, std::errc::connection_refused);
            const std::string said = message_of([] { tcp_stream::connect("service:80"); });
            for (const std::string& part :
                 {std::string("connect to service:80 ("), v4_of("deaf").to_string() + ' ',
                  std::string("192.0.2.1:80 ")})
                EXPECT_NE(said.find(part), std::string::npos) << said;
        });
    });
}

TEST(sim_names, a_time_limit_ends_all_attempts) {
    run_seeds(20, [] {
        with_hosts([] {
            std::error_code ec;
            EXPECT_LT(time_of([&] { tcp_stream::connect_for(v4_of("dead"), 1s, ec); }), 1100ms);
            EXPECT_EQ(ec, std::errc::timed_out);
            const names_by list({v4_of("dead"), v6_of("dead")});
            const auto passed = time_of([&] { tcp_stream::connect_for("service:80", 10s, ec); });
            EXPECT_EQ(ec, std::errc::timed_out);
            EXPECT_GE(passed, 10s);
            EXPECT_LT(passed, 11s);
            const std::string said = message_of([] { tcp_stream::connect_for("service:80", 10s); });
            EXPECT_NE(said.find(v6_of("dead").to_string() + " has not answered"), std::string::npos)
                << said;
        });
    });
}

// Hosts that are slow, deaf, cut off, and are so no more, while connections are begun and given up.
TEST(sim_names, races_of_success_and_failure_leave_nothing) {
    sim::config wanted;
    wanted.latency = {1ms, 400ms};
    wanted.faults.failed_connect = 0.2;
    wanted.faults.again = 0.1;
    wanted.faults.interrupted = 0.05;
    wanted.faults.spurious_event = 0.1;
    int connected = 0;
    int failed = 0;
    for (wanted.seed = 1; wanted.seed <= 200; ++wanted.seed) {
        run_clean(wanted, [&] {
            with_hosts([&] {
                std::vector<endpoint> all;
                for (const char* const host : {"alive", "also alive", "dead", "deaf"}) {
                    all.push_back(v4_of(host));
                    all.push_back(v6_of(host));
                }
                for (std::size_t i = all.size(); i > 1; --i)
                    std::swap(all[i - 1], all[sim::random_below(i)]);
                all.resize(1 + sim::random_below(all.size()));
                const names_by list(all);
                std::vector<mioco::join_handle<void>> clients;
                for (int i = 0; i < 4; ++i) {
                    clients.push_back(mioco::spawn([&] {
                        const std::chrono::milliseconds limit(sim::random_below(1500));
                        std::error_code ec;
                        auto near = tcp_stream::connect_for("service:80", limit, ec);
                        EXPECT_NE(near.is_open(), static_cast<bool>(ec));
                        EXPECT_TRUE(ec || std::ranges::count(all, near.peer()) == 1);
                        ++(ec ? failed : connected);
                    }));
                }
                mioco::sleep_for(std::chrono::milliseconds(sim::random_below(1000)));
                sim::heal_all();
                for (auto& each : clients) each.join();
            });
        });
    }
    EXPECT_GT(connected, 100);
    EXPECT_GT(failed, 100);
}

TEST(sim_names, a_race_is_left_by_a_host_that_stops) {
    run_seeds(50, [] {
        with_hosts([] {
            const names_by list({v4_of("dead"), v6_of("dead"), v4_of("dead").with_port(81)});
            add_host("client");
            sim::partition("client", "dead");
            auto client = sim::spawn_on("client", [] { tcp_stream::connect("service:80"); });
            mioco::sleep_for(std::chrono::milliseconds(sim::random_below(1000)));
            sim::stop("client");
            EXPECT_THROW(client.join(), std::system_error);
        });
    });
}

TEST(sim_names, goes_the_same_way_for_the_same_seed) {
    const auto hash_of = [](std::uint64_t seed) {
        sim::report about;
        sim::run(
            with_seed(seed),
            [] {
                serve_on("server");
                mioco::sleep_for(1s);
                tcp_stream::connect("server:80");
                std::error_code ec;
                mioco::net::resolve_for("server", 5ms, ec);
                sim::stop("server");
            },
            &about);
        return about.hash;
    };
    for (std::uint64_t seed = 1; seed <= 10; ++seed) EXPECT_EQ(hash_of(seed), hash_of(seed));
}

}  // namespace
