// SPDX-License-Identifier: MPL-2.0
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>
#include <mioco/sim.hpp>

#include "support/flag.hpp"

// A host that ends as a power cut ends it, and starts again.

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using mioco_test::error_of;
namespace sim = mioco::sim;

struct counted {
    explicit counted(int& count) : left(count) { ++left; }
    ~counted() { --left; }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;

    int& left;
};

/// Calls when it is destroyed, be it by unwinding or not.
template <class F>
class at_end {
public:
    explicit at_end(F f) : f_(std::move(f)) {}
    ~at_end() { f_(); }
    at_end(const at_end&) = delete;
    at_end& operator=(const at_end&) = delete;

private:
    F f_;
};

void echo_for_ever() {
    auto listener = mioco::net::tcp_listener::bind("0.0.0.0:80");
    for (;;) {
        mioco::spawn([connection = listener.accept()]() mutable {
            char buffer[64];
            while (const std::size_t count = connection.read(buffer))
                connection.write_all(std::string_view(buffer, count));
        });
    }
}

mioco::net::tcp_stream connect_to(const char* host) {
    return mioco::net::tcp_stream::connect(sim::address_of(host) + ":80");
}

std::string echoed(mioco::net::tcp_stream& by) {
    char buffer[5];
    by.write_all("hello"sv);
    by.read_exactly(buffer);
    return {buffer, sizeof buffer};
}

template <class Body>
sim::report run_with(std::uint64_t seed, Body body) {
    sim::config wanted;
    wanted.seed = seed;
    sim::report about;
    sim::run(wanted, body, &about);
    return about;
}

// One in each kind of wait.
void wait_in_many_ways(int& left, int& got_on) {
    const counted mine(left);
    auto [tx, rx] = mioco::channel<int>(1);
    auto [out, in] = mioco::pipe();
    mioco::spawn([&, rx = rx] {
        const counted one(left);
        static_cast<void>(rx.recv());
        ++got_on;
    });
    mioco::spawn([&, out = std::move(out)]() mutable {
        const counted one(left);
        char byte[1];
        out.read(byte);
        ++got_on;
    });
    mioco::spawn([&] {
        const counted one(left);
        mioco::sleep_for(24h);
        ++got_on;
    });
    mioco::spawn(echo_for_ever).join();
    ++got_on;
}

TEST(sim_host_crash, unwinds_each_fiber_of_the_host_and_nothing_leaks) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        int left = 0;
        int got_on = 0;
        const sim::report about = run_with(seed, [&] {
            sim::spawn_on("server", [&] { wait_in_many_ways(left, got_on); });
            mioco::sleep_for(1s);
            auto stream = connect_to("server");
            EXPECT_EQ(echoed(stream), "hello");
            EXPECT_EQ(left, 4);
            sim::crash("server");
            mioco::sleep_for(1s);
            EXPECT_EQ(left, 0);
        });
        EXPECT_EQ(got_on, 0);
        EXPECT_EQ(about.open_descriptors, 0U);
        EXPECT_LT(about.passed, 1h);
    }
}

TEST(sim_host_crash, lets_no_fiber_make_another_call) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        bool is_down = false;
        int calls = 0;
        run_with(seed, [&] {
            for (int i = 0; i < 4; ++i) {
                sim::spawn_on("server", [&] {
                    for (;;) {
                        mioco::yield();
                        if (is_down) ++calls;
                        mioco::sleep_for(std::chrono::nanoseconds(sim::random_below(2000)));
                    }
                });
            }
            mioco::sleep_for(10us);
            sim::crash("server");
            is_down = true;
        });
        EXPECT_EQ(calls, 0) << seed;
    }
}

TEST(sim_host_crash, tells_peers_nothing_until_the_host_is_back) {
    run_with(1, [] {
        sim::spawn_on("server", echo_for_ever);
        mioco::sleep_for(1s);
        auto stream = connect_to("server");
        EXPECT_EQ(echoed(stream), "hello");
        sim::crash("server");
        stream.write_all("x"sv);
        EXPECT_EQ(mioco::select(stream.readable(), mioco::after(60s)).index(), 1U);
        sim::restart("server");
        char buffer[1];
        EXPECT_EQ(error_of([&] { stream.read(buffer); }), std::errc::connection_reset);
    });
}

TEST(sim_host_crash, gives_those_who_join_its_fibers_an_outcome) {
    run_with(1, [] {
        auto sleeper = sim::spawn_on("server", [] { mioco::sleep_for(24h); });
        auto waiting = mioco::spawn([&] { sleeper.join(); });
        mioco::sleep_for(1s);
        sim::crash("server");
        EXPECT_EQ(error_of([&] { waiting.join(); }), std::errc::operation_canceled);
    });
}

TEST(sim_host_crash, cuts_destructors_off_from_the_network_and_from_files) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        std::error_code open_error;
        std::error_code bind_error;
        std::error_code write_error;
        std::error_code remove_error;
        std::string text;
        const auto goodbye = [&](mioco::net::tcp_stream& to) {
            mioco::sleep_for(2s);  // when the host is up again
            try {
                to.write_all("goodbye"sv);
            } catch (const std::system_error& e) {
                write_error = e.code();
            }
            static_cast<void>(mioco::fs::file::open(
                "/log", {.write = true, .create = true, .truncate = true}, open_error));
            static_cast<void>(mioco::net::udp_socket::bind("0.0.0.0:0", {}, bind_error));
        };
        run_with(seed, [&] {
            sim::spawn_on("peer", [] {
                auto listener = mioco::net::tcp_listener::bind("0.0.0.0:80");
                auto far = listener.accept();
                char buffer[8];
                std::error_code ec;
                EXPECT_EQ(far.read(buffer, ec), 0U);
            }).detach();
            mioco::sleep_for(1s);
            sim::spawn_on("server", [&] {
                auto stream = connect_to("peer");
                const at_end last([&] { goodbye(stream); });
                mioco::fs::replace_file("/log", "kept"sv);
                mioco::sleep_for(24h);
            });
            mioco::sleep_for(1s);
            sim::crash("server");
            sim::restart("server");
            mioco::sleep_for(5s);
            text = sim::spawn_on("server", [] {
                       char buffer[16];
                       auto log = mioco::fs::file::open("/log");
                       return std::string(buffer, log.read(buffer));
                   }).join();
            sim::stop("peer");
        });
        EXPECT_EQ(write_error, std::errc::io_error);
        EXPECT_EQ(open_error, std::errc::io_error);
        EXPECT_EQ(bind_error, std::errc::io_error);
        EXPECT_EQ(text, "kept");
    }
}

TEST(sim_host_crash, stops_runtimes_that_the_host_has_made) {
    int left = 0;
    run_with(1, [&] {
        std::optional<mioco::runtime>
            made;  // as of a program's globals, so that no fiber of the host's ends it
        sim::spawn_on("server", [&] {
            made.emplace();
            made->spawn([&] {
                const counted mine(left);
                mioco::sleep_for(24h);
            });
        }).join();
        mioco::sleep_for(1s);
        EXPECT_EQ(left, 1);
        sim::crash("server");
        mioco::sleep_for(1s);
        EXPECT_EQ(left, 0);
    });
}

TEST(sim_host_crash, ends_an_offloaded_call_when_that_returns) {
    const sim::report about = run_with(1, [] {
        std::error_code in_call;
        auto caller = sim::spawn_on("server", [&] {
            mioco::offload([&] {
                mioco::sleep_for(1h);
                static_cast<void>(
                    mioco::fs::file::open("/x", {.write = true, .create = true}, in_call));
            });
        });
        mioco::sleep_for(1s);
        sim::crash("server");
        sim::restart("server");
        caller.join();
        EXPECT_EQ(in_call, std::errc::io_error);
    });
    EXPECT_GT(about.passed, 1h);
}

TEST(sim_host_restart, lets_the_host_begin_anew_with_its_files) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const sim::report about = run_with(seed, [] {
            for (int i = 0; i < 5; ++i) {
                auto server = sim::spawn_on("server", [=] {
                    std::string starts;
                    if (mioco::fs::exists("/starts")) starts = mioco::fs::read_file("/starts");
                    EXPECT_EQ(starts.size(), static_cast<std::size_t>(i));
                    mioco::fs::replace_file("/starts", starts + "x");
                    echo_for_ever();
                });
                mioco::sleep_for(1s);
                auto stream = connect_to("server");
                EXPECT_EQ(echoed(stream), "hello");
                sim::crash("server");
                EXPECT_EQ(error_of([&] { server.join(); }), std::errc::operation_canceled);
                sim::restart("server");
            }
        });
        EXPECT_EQ(about.open_descriptors, 0U);
    }
}

TEST(sim_host_crash, goes_the_same_way_again) {
    const auto hash_of = [](std::uint64_t seed) {
        return run_with(seed,
                        [] {
                            sim::spawn_on("server", echo_for_ever);
                            mioco::sleep_for(1s);
                            auto stream = connect_to("server");
                            mioco::sleep_for(std::chrono::microseconds(sim::random_below(5000)));
                            sim::crash("server");
                            sim::restart("server");
                            sim::spawn_on("server", echo_for_ever);
                            mioco::sleep_for(1s);
                            auto other = connect_to("server");
                            EXPECT_EQ(echoed(other), "hello");
                            sim::stop("server");
                        })
            .hash;
    };
    EXPECT_EQ(hash_of(1), hash_of(1));
    EXPECT_EQ(hash_of(2), hash_of(2));
    EXPECT_NE(hash_of(1), hash_of(2));
}

std::string refusal_of(void (*call)()) {
    std::string said;
    run_with(1, [&] {
        try {
            call();
        } catch (const std::exception& e) {
            said = e.what();
        }
    });
    return said;
}

TEST(sim_host_crash, refuses_hosts_by_name) {
    EXPECT_NE(refusal_of([] { sim::crash("nobody"); }).find("no host \"nobody\""),
              std::string::npos);
    EXPECT_NE(refusal_of([] { sim::restart("nobody"); }).find("no host \"nobody\""),
              std::string::npos);
    EXPECT_NE(refusal_of([] {
                  sim::crash("localhost");
              }).find("crash of \"localhost\" by a fiber of its own"),
              std::string::npos);
    EXPECT_NE(refusal_of([] {
                  sim::restart("localhost");
              }).find("restart of \"localhost\" by a fiber of its own"),
              std::string::npos);
}

TEST(sim_host_crash, has_nothing_to_do_on_one_that_is_down_nor_a_restart_on_one_that_is_up) {
    run_with(1, [] {
        auto up = sim::spawn_on("server", [] { mioco::sleep_for(1s); });
        sim::restart("server");
        up.join();
        sim::crash("server");
        sim::crash("server");
        sim::stop("server");
        EXPECT_EQ(error_of([] { sim::spawn_on("server", [] {}); }),
                  static_cast<std::errc>(EHOSTDOWN));
        sim::restart("server");
        EXPECT_EQ(sim::spawn_on("server", [] { return 7; }).join(), 7);
    });
}

TEST(sim_host_crash, of_the_first_host_ends_the_program_s_own_fiber) {
    EXPECT_EQ(error_of([] {
                  run_with(1, [] {
                      sim::spawn_on("other", [] { sim::crash("localhost"); });
                      mioco::sleep_for(24h);
                  });
              }),
              std::errc::operation_canceled);
}

}  // namespace
