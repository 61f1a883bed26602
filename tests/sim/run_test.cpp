// SPDX-License-Identifier: MPL-2.0
#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>
#include <mioco/sim.hpp>

namespace {

using namespace std::chrono_literals;
namespace sim = mioco::sim;

TEST(sim_run, returns_what_the_program_returns) {
    EXPECT_EQ(sim::run(1, [] { return 7; }), 7);
    EXPECT_THROW(sim::run(1, [] { throw std::runtime_error("x"); }), std::runtime_error);
}

TEST(sim_run, lets_time_pass_only_while_all_wait) {
    sim::report about;
    sim::run({}, [] { mioco::sleep_for(24h); }, &about);
    EXPECT_GE(about.passed, 24h);
    EXPECT_LT(about.passed, 24h + 1s);
}

TEST(sim_run, is_the_same_for_the_same_seed_and_another_for_another) {
    const auto hash_of = [](std::uint64_t seed) {
        sim::config wanted;
        wanted.seed = seed;
        sim::report about;
        sim::run(
            wanted,
            [] {
                auto [tx, rx] = mioco::channel<int>(2);
                for (int i = 0; i < 5; ++i) {
                    mioco::spawn([tx = tx, i] {
                        mioco::sleep_for(std::chrono::milliseconds(i));
                        tx.send(i);
                    });
                }
                for (int i = 0; i < 5; ++i) static_cast<void>(rx.recv());
            },
            &about);
        return about.hash;
    };
    EXPECT_EQ(hash_of(1), hash_of(1));
    EXPECT_EQ(hash_of(2), hash_of(2));
    EXPECT_NE(hash_of(1), hash_of(2));
}

TEST(sim_run, tells_what_became_of_it_also_when_it_fails) {
    const auto about_failing = [](const std::function<void()>& last) {
        sim::report about;
        EXPECT_ANY_THROW(sim::run(
            {},
            [&] {
                mioco::sleep_for(1h);
                last();
            },
            &about));
        EXPECT_GE(about.passed, 1h);
        return about.hash;
    };
    const auto throws = [] { throw std::runtime_error("x"); };
    const auto deadlocks = [] { mioco::event().wait(); };
    EXPECT_EQ(about_failing(throws), about_failing(throws));
    EXPECT_EQ(about_failing(deadlocks), about_failing(deadlocks));
    EXPECT_NE(about_failing(throws), about_failing(deadlocks));
}

TEST(sim_run, runs_fibers_that_are_ready_in_an_order_drawn_from_the_seed) {
    const auto order_of = [](std::uint64_t seed) {
        std::string order;
        sim::run(seed, [&] {
            for (char c = 'a'; c < 'f'; ++c) {
                mioco::spawn([&order, c] {
                    mioco::yield();
                    order += c;
                });
            }
        });
        return order;
    };
    std::vector<std::string> seen;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        EXPECT_EQ(order_of(seed), order_of(seed));
        seen.push_back(order_of(seed));
    }
    std::ranges::sort(seen);
    EXPECT_GT(std::ranges::unique(seen).begin() - seen.begin(), 10);
}

TEST(sim_run, tells_of_a_deadlock_and_ends) {
    std::string said;
    try {
        sim::run(1, [] {
            auto [tx, rx] = mioco::channel<int>(1);
            mioco::spawn({.name = "waiter"},
                         [rx = rx, keep = tx] { static_cast<void>(rx.recv()); });
        });
    } catch (const sim::deadlock& e) {
        said = e.what();
    }
    EXPECT_NE(said.find("waiter"), std::string::npos) << said;
    EXPECT_NE(said.find("waits for"), std::string::npos) << said;
}

void serve_echo(mioco::net::tcp_listener& listener) {
    for (;;) {
        mioco::spawn([connection = listener.accept()]() mutable {
            char buffer[64];
            while (const std::size_t count = connection.read(buffer))
                connection.write_all(std::string_view(buffer, count));
        });
    }
}

TEST(sim_run, connects_hosts) {
    sim::config wanted;
    wanted.faults.short_read = wanted.faults.short_write = 0.3;
    wanted.faults.again = 0.1;
    sim::report about;
    for (wanted.seed = 0; wanted.seed < 200; ++wanted.seed) {
        int answers = 0;
        sim::run(
            wanted,
            [&] {
                mioco::net::endpoint where;
                auto server = sim::spawn_on("server", [&] {
                    auto listener = mioco::net::tcp_listener::bind("0.0.0.0:80");
                    mioco::spawn([&] { serve_echo(listener); }).join();
                });
                mioco::sleep_for(1s);
                auto client = sim::spawn_on("client", [&] {
                    auto stream =
                        mioco::net::tcp_stream::connect(sim::address_of("server") + ":80");
                    for (int i = 0; i < 10; ++i) {
                        char buffer[5];
                        stream.write_all(std::string_view("hello"));
                        stream.read_exactly(buffer);
                        if (std::string_view(buffer, 5) == "hello") ++answers;
                    }
                });
                client.join();
                sim::stop("server");
            },
            &about);
        EXPECT_EQ(answers, 10);
        EXPECT_EQ(about.open_descriptors, 0U);
    }
}

TEST(sim_run, ends_all_hosts_when_the_program_throws) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        EXPECT_THROW(sim::run(seed,
                              [] {
                                  for (const char* const host : {"a", "b"}) {
                                      sim::spawn_on(host, [] {
                                          for (;;) {
                                              auto [in, out] = mioco::pipe();
                                              mioco::sleep_for(1ms);
                                          }
                                      });
                                  }
                                  mioco::sleep_for(std::chrono::milliseconds(sim::random_below(9)));
                                  throw std::runtime_error("enough");
                              }),
                     std::runtime_error);
    }
}

TEST(sim_run, waits_for_what_a_host_spawns_on_one_that_rests) {
    bool done = false;
    sim::run(1, [&] {
        sim::spawn_on("other", [&] {
            mioco::sleep_for(1s);
            sim::spawn_on("localhost", [&] {
                mioco::sleep_for(1s);
                done = true;
            });
        });
    });
    EXPECT_TRUE(done);
}

TEST(sim_run, gives_each_host_files_of_its_own) {
    sim::run(1, [] {
        const auto write_and_read = [](const char* host) {
            sim::spawn_on(host, [=] {
                auto made =
                    mioco::fs::file::open("/name", {.read = true, .write = true, .create = true});
                made.write_all(std::string_view(host));
                char text[16];
                EXPECT_EQ(mioco::fs::file::open("/name").read(text), std::string_view(host).size());
            }).join();
        };
        write_and_read("one");
        write_and_read("other");
        EXPECT_THROW(static_cast<void>(mioco::fs::file::open("/name")), std::system_error);
    });
}

TEST(sim_offload, has_no_runtime_to_spawn_in) {
    sim::run(1,
             [] { mioco::offload([] { EXPECT_THROW(mioco::spawn([] {}), std::logic_error); }); });
}

TEST(sim_explore, tells_the_seed_and_how_to_run_it_again) {
    std::string said;
    std::uint64_t seed = 0;
    try {
        sim::explore(1000, [] {
            if (sim::random_below(20) == 7) throw std::runtime_error("seven");
        });
    } catch (const sim::failure& e) {
        said = e.what();
        seed = e.seed();
    }
    EXPECT_NE(said.find("seven"), std::string::npos) << said;
    EXPECT_NE(said.find("MIOCO_SEED=" + std::to_string(seed)), std::string::npos) << said;
    sim::config again;
    again.seed = seed;
    EXPECT_THROW(sim::run(again,
                          [] {
                              if (sim::random_below(20) == 7) throw std::runtime_error("seven");
                          }),
                 std::runtime_error);
}

TEST(sim_offload, takes_virtual_time) {
    sim::run(3, [] {
        int done = 0;
        for (int i = 0; i < 20; ++i) {
            mioco::offload([&] {
                mioco::sleep_for(1h);
                ++done;
            });
        }
        EXPECT_EQ(done, 20);
    });
}

}  // namespace
