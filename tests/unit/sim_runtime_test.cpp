// SPDX-License-Identifier: MPL-2.0
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>
#include <mioco/sim.hpp>

#include "support/anywhere.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"

// The library over a simulated kernel, with one worker: so whenever it has nothing to do the time goes on.

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using mioco::net::tcp_listener;
using mioco::net::tcp_stream;
using mioco_test::error_of;
using mioco_test::pattern;
using mioco_test::read_text;

namespace sim = mioco::sim;

sim::config smooth(std::uint64_t seed) {
    sim::config made;
    made.seed = seed;
    made.workers = 1;
    made.local_latency = {1us, 3ms};
    return made;
}

sim::config rough(std::uint64_t seed) {
    sim::config made = smooth(seed);
    made.faults.short_read = 0.2;
    made.faults.short_write = 0.2;
    made.faults.again = 0.2;
    made.faults.interrupted = 0.1;
    made.faults.spurious_event = 0.1;
    return made;
}

sim::report run_in(const sim::config& wanted, const std::function<void()>& body) {
    sim::report about;
    sim::run(wanted, body, &about);
    EXPECT_EQ(about.open_descriptors, 0U);
    return about;
}

void with_and_without_faults(const std::function<void()>& body) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        run_in(smooth(seed), body);
        run_in(rough(seed), body);
    }
}

TEST(sim_runtime, a_day_passes_at_once) {
    const sim::report about = run_in(smooth(1), [] { mioco::sleep_for(24h); });
    EXPECT_GE(about.passed, 24h);
    EXPECT_LE(about.passed, 25h);
}

TEST(sim_runtime, an_echo_over_tcp) {
    with_and_without_faults([] {
        auto listener = tcp_listener::bind("127.0.0.1:0");
        const auto address = listener.local();
        auto server = mioco::spawn([&] {
            for (int i = 0; i < 5; ++i) {
                mioco::spawn([connection = listener.accept()]() mutable {
                    while (true) {
                        const auto part = connection.read_lease();
                        if (part.empty()) return;
                        connection.write_all(part.text());
                    }
                }).detach();
            }
        });
        std::vector<mioco::join_handle<void>> clients;
        for (int i = 0; i < 5; ++i) {
            clients.push_back(mioco::spawn([address, i] {
                auto near = tcp_stream::connect(address);
                for (int k = 0; k < 20; ++k) {
                    const std::string text = std::to_string(i * 1000 + k);
                    near.write_all(text);
                    EXPECT_EQ(read_text(near, text.size()), text);
                }
            }));
        }
        for (auto& each : clients) each.join();
        server.join();
    });
}

// Each look at the clock lets a little of it pass, so that the worker comes to look at its poller.
TEST(sim_runtime, who_waits_by_yielding_waits_for_what_comes) {
    with_and_without_faults([] {
        auto [near, far] = mioco_test::connected_pair();
        bool came = false;
        auto reader = mioco::spawn([&, &near = near] {
            EXPECT_EQ(read_text(near, 1), "x");
            came = true;
        });
        far.write_all("x"sv);
        mioco_test::wait_for([&] { return came; });
        reader.join();
    });
}

template <class Far, class Near>
void expect_all_of_a_megabyte(Far& far, Near& near) {
    const std::string sent = pattern(300'000);
    auto writer = mioco::spawn([&] {
        far.write_all(sent);
        far.close();
    });
    std::string received;
    std::string part(5000, '\0');
    while (const std::size_t count = near.read(part)) received.append(part, 0, count);
    EXPECT_TRUE(received == sent);
    writer.join();
}

TEST(sim_runtime, much_goes_over_every_kind_of_stream) {
    with_and_without_faults([] {
        auto [near, far] = mioco_test::narrow_pair();
        expect_all_of_a_megabyte(far, near);
        auto [one, other] = mioco::net::unix_stream::pair();
        expect_all_of_a_megabyte(one, other);
        auto [out, in] = mioco::pipe({.capacity_bytes = 8192});
        expect_all_of_a_megabyte(in, out);
    });
}

TEST(sim_runtime, copies_between_sockets_go_through_a_pipe) {
    with_and_without_faults([] {
        auto [source, near] = mioco_test::narrow_pair();
        auto [far, sink] = mioco_test::narrow_pair();
        const std::string sent = pattern(200'000);
        auto writer = mioco::spawn([&, &near = near] {
            near.write_all(sent);
            near.close();
        });
        auto copier = mioco::spawn([&, &source = source, &sink = sink] {
            EXPECT_EQ(mioco::copy(source, sink), sent.size());
            sink.close();
        });
        EXPECT_TRUE(read_text(far, sent.size()) == sent);
        writer.join();
        copier.join();
    });
}

TEST(sim_runtime, datagrams_and_records) {
    with_and_without_faults([] {
        auto server = mioco::net::udp_socket::bind("127.0.0.1:0");
        auto client = mioco::net::udp_socket::v4();
        const auto to = server.local();
        auto sender = mioco::spawn([&] { client.send_to("hello"sv, to); });
        char buffer[16];
        EXPECT_EQ(server.recv(buffer), 5U);
        sender.join();
        auto [near, far] = mioco::net::unix_seqpacket::pair();
        auto records = mioco::spawn([&far = far] {
            for (int i = 0; i < 100; ++i) EXPECT_EQ(far.send(pattern(10'000)), 10'000U);
            far.close();
        });
        std::string record(10'000, '\0');
        int received = 0;
        while (near.recv(record) != 0) ++received;
        EXPECT_EQ(received, 100);
        records.join();
    });
}

TEST(sim_runtime, a_full_backlog_is_waited_out) {
    with_and_without_faults([] {
        auto listener =
            mioco::net::unix_listener::bind(mioco::net::unix_endpoint(), {.backlog = 1});
        std::vector<mioco::join_handle<void>> clients;
        for (int i = 0; i < 8; ++i) {
            clients.push_back(mioco::spawn(
                [&] { mioco::net::unix_stream::connect(listener.local()).write_all("x"sv); }));
        }
        for (int i = 0; i < 8; ++i) {
            auto far = listener.accept();
            EXPECT_EQ(read_text(far, 1), "x");
        }
        for (auto& each : clients) each.join();
    });
}

TEST(sim_runtime, failures_come_as_of_the_kernel) {
    run_in(smooth(1), [] {
        EXPECT_EQ(error_of([] { tcp_stream::connect("127.0.0.1:1"); }),
                  std::errc::connection_refused);
        EXPECT_EQ(error_of([] { tcp_stream::connect("192.0.2.1:1"); }),
                  std::errc::network_unreachable);
        auto [near, far] = mioco_test::connected_pair();
        auto reader = mioco::spawn([&near = near] {
            char buffer[4];
            EXPECT_EQ(error_of([&] { near.read(buffer); }), std::errc::bad_file_descriptor);
        });
        mioco_test::until_somebody_waits(near.native_handle());
        near.close();
        reader.join();
        char buffer[4];
        EXPECT_EQ(far.read(buffer), 0U);
    });
}

std::uint64_t hash_of_a_run(std::uint64_t seed) {
    return run_in(rough(seed),
                  [] {
                      auto [near, far] = mioco_test::connected_pair();
                      auto echo = mioco::spawn([&far = far] {
                          for (int i = 0; i < 50; ++i) far.write_all(read_text(far, 100));
                      });
                      for (int i = 0; i < 50; ++i) {
                          near.write_all(pattern(100));
                          read_text(near, 100);
                      }
                      echo.join();
                  })
        .hash;
}

TEST(sim_runtime, seeds_give_runs) { EXPECT_NE(hash_of_a_run(1), hash_of_a_run(2)); }

}  // namespace
