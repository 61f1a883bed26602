// SPDX-License-Identifier: MPL-2.0
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>
#include <mioco/sim.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/flag.hpp"
#include "support/resolvers.hpp"

// One test for each row of the table "What is simulated, and what is refused" of docs/guide/simulation.md, in its order; those about threads
// from outside are in outsider_test.cpp, those about the environment in replay_test.cpp.

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using mioco_test::error_of;
using mioco_test::message_of;
namespace sim = mioco::sim;
namespace net = mioco::net;

void in_simulation(const std::function<void()>& body) {
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
        sim::report about;
        sim::config wanted;
        wanted.seed = seed;
        sim::run(wanted, body, &about);
        EXPECT_EQ(about.open_descriptors, 0U);
    }
}

/// Refused with this condition, and a text that has these words.
template <class Call>
void expect_refused(Call call, std::errc with, std::string_view words) {
    EXPECT_EQ(error_of(call), with);
    const std::string said = message_of(call);
    EXPECT_NE(said.find(words), std::string::npos) << said;
}

constexpr std::string_view foreign = "which the kernel has made: a simulation uses its own alone";

class sim_areas_death : public testing::Test {
protected:
    void SetUp() override { testing::GTEST_FLAG(death_test_style) = "threadsafe"; }
};

TEST(sim_areas, fibers) {
    in_simulation([] {
        static mioco::fiber_local<int> own([] { return 3; });
        mioco::this_fiber::set_children_data(5);
        auto child = mioco::spawn({.name = "child"}, [] {
            mioco::yield();
            return *own + *mioco::this_fiber::data<int>();
        });
        EXPECT_EQ(child.join(), 8);
    });
}

TEST(sim_areas, runtimes) {
    in_simulation([] {
        mioco::runtime own(mioco::config{}.workers(3));
        EXPECT_EQ(own.spawn([] { return 7; }).join(), 7);
        own.spawn([] { mioco::sleep_for(24h); });
        EXPECT_TRUE(own.shutdown(1s));
        EXPECT_EQ(mioco::run([] { return 8; }), 8);
        EXPECT_EQ(error_of([] { mioco::run([] { mioco::shutdown(); }); }),
                  std::errc::operation_canceled);
    });
}

class first_come final : public mioco::scheduler {
public:
    void spawned(mioco::ready_fiber fiber) override { fiber.resume(); }
    void ready(mioco::ready_fiber fiber) override { fiber.resume(); }
};

TEST(sim_areas, schedulers) {
    in_simulation([] {
        const mioco::scheduler_factory all[] = {mioco::round_robin, [](const mioco::worker_place&) {
                                                    return std::make_unique<first_come>();
                                                }};
        for (const auto& each : all) {
            mioco::runtime ordered(mioco::config{}.scheduler(each));
            EXPECT_EQ(ordered.spawn([] { return mioco::spawn([] { return 7; }).join(); }).join(),
                      7);
        }
    });
}

TEST(sim_areas, channels) {
    in_simulation([] {
        auto [tx, rx] = mioco::channel<int>(0);
        auto [once_tx, once_rx] = mioco::oneshot<int>();
        const mioco::broadcast_sender<int> all(2);
        auto of_all = all.subscribe();
        const mioco::watch_sender<int> latest(0);
        auto of_latest = latest.subscribe();
        auto sender = mioco::spawn([&, &tx = tx, &once_tx = once_tx] {
            tx.send(1);
            static_cast<void>(std::move(once_tx).send(2));
            all.send(3);
            latest.send(4);
        });
        EXPECT_EQ(rx.recv(), 1);
        EXPECT_EQ(once_rx.recv(), 2);
        EXPECT_EQ(of_all.recv()->value, 3);
        sender.join();
        EXPECT_EQ(*of_latest.get(), 4);
    });
}

TEST(sim_areas, select) {
    in_simulation([] {
        auto [tx, rx] = mioco::channel<int>(1);
        auto sleeper = mioco::spawn([] { mioco::sleep_for(1h); });
        EXPECT_EQ(mioco::select(rx.receiving(), sleeper.joining()).index(), 1U);
        tx.send(1);
        EXPECT_EQ(mioco::select(rx.receiving(), mioco::after(1h)).index(), 0U);
    });
}

TEST(sim_areas, locks) {
    in_simulation([] {
        mioco::mutex lock;
        mioco::condition_variable changed;
        mioco::counting_semaphore<2> room(0);
        mioco::latch done(2);
        mioco::wait_group all;
        mioco::event told;
        mioco::once_flag once;
        int value = 0;
        all.add(1);
        auto other = mioco::spawn([&] {
            mioco::call_once(once, [&] { ++value; });
            room.release();
            done.count_down();
            {
                const std::scoped_lock held(lock);
                value = 7;
            }
            changed.notify_all();
            told.notify();
            all.done();
        });
        room.acquire();
        done.arrive_and_wait();
        std::unique_lock held(lock);
        changed.wait(held, [&] { return value == 7; });
        held.unlock();
        told.wait();
        all.wait();
        EXPECT_TRUE(lock.try_lock_for(0s));
        lock.unlock();
    });
}

TEST(sim_areas, time) {
    in_simulation([] {
        mioco::interval ticks(1h);
        ticks.tick();
        mioco::timer once(1h);
        once.wait();
        EXPECT_EQ(mioco::select(mioco::after(24h), mioco::otherwise).index(), 1U);
        const auto before = mioco::now();
        mioco::sleep_for(24h);
        EXPECT_GE(mioco::now(), before + 24h);
        mioco::sleep_until(mioco::now() + 24h);
        EXPECT_LT(mioco::now(), before + 49h);
    });
}

TEST(sim_areas, tcp) {
    in_simulation([] {
        auto listener = net::tcp_listener::bind("127.0.0.1:0");
        auto near = net::tcp_stream::connect(listener.local());
        auto far = listener.accept();
        near.write_all("hello"sv);
        char buffer[5];
        far.read_exactly(buffer);
        EXPECT_EQ(std::string_view(buffer, 5), "hello");
    });
}

TEST(sim_areas, udp) {
    in_simulation([] {
        auto near = net::udp_socket::bind("127.0.0.1:0");
        auto far = net::udp_socket::bind("127.0.0.1:0");
        near.send_to("hello"sv, far.local());
        char buffer[8];
        EXPECT_EQ(far.recv(buffer), 5U);
        near.join_multicast(net::endpoint::parse("239.0.0.1:0"));
        EXPECT_EQ(error_of([&] { near.join_multicast(net::endpoint::parse("239.0.0.1:0"), 7); }),
                  std::errc::no_such_device);
    });
}

TEST(sim_areas, unix_sockets_and_pipes) {
    in_simulation([] {
        auto [one, other] = net::unix_stream::pair();
        auto [out, in] = mioco::pipe();
        const int number = in.native_handle();
        const int passed[] = {number};
        one.send_fds("x"sv, passed);
        std::array<mioco::owned_fd, 1> came;
        char byte[1];
        EXPECT_EQ(other.recv_fds(byte, came).count, 1U);
        in.close();
        auto again = mioco::pipe_writer::adopt(came[0].release());
        again.write_all("y"sv);
        EXPECT_EQ(out.read(byte), 1U);
    });
}

TEST(sim_areas, names) {
    in_simulation([] {
        auto listener = net::tcp_listener::bind("localhost:http");
        EXPECT_EQ(listener.local().port(), 80);
        sim::spawn_on("server", [] { net::tcp_listener::bind("[::]:https").accept(); });
        mioco::sleep_for(1s);
        EXPECT_EQ(net::tcp_stream::connect("server:https").peer().port(), 443);
        for (const char* const service : {"echo", "domain", "http", "https"})
            EXPECT_EQ(net::resolve("server:" + std::string(service)).size(), 2U);
        EXPECT_EQ(net::resolve("localhost:7").size(), 2U);
        std::error_code ec;
        EXPECT_TRUE(net::resolve("ip6-loopback:7", ec).empty()) << "which /etc/hosts may have";
        EXPECT_EQ(ec, net::resolve_errc::not_found);
        const auto own = mioco_test::names_by([](const net::resolve_query&, std::error_code&) {
            return std::vector{net::endpoint::loopback_v4(9)};
        });
        EXPECT_EQ(net::resolve("stranger:9").size(), 1U);
    });
}

TEST(sim_areas, addresses_that_no_host_has) {
    in_simulation([] {
        EXPECT_EQ(error_of([] { net::tcp_stream::connect("192.0.2.1:80"); }),
                  std::errc::network_unreachable);
        EXPECT_EQ(error_of([] { net::tcp_listener::bind("192.0.2.1:80"); }),
                  std::errc::address_not_available);
    });
}

TEST(sim_areas, files) {
    in_simulation([] {
        auto made = mioco::fs::file::open("/tmp/b", {.read = true, .write = true, .create = true});
        made.write_all("hello"sv);
        made.flush();
        EXPECT_EQ(made.size(), 5U);
        for (const char* const path : {"/etc/passwd", "/dev/urandom", "/proc/self/stat"})
            EXPECT_EQ(error_of([&] { mioco::fs::file::open(path); }),
                      std::errc::no_such_file_or_directory);
    });
}

TEST(sim_areas, copies) {
    in_simulation([] {
        auto from = mioco::fs::file::open("/from", {.read = true, .write = true, .create = true});
        from.write_all("hello"sv);
        from.seek(0);
        auto [near, far] = net::unix_stream::pair();
        EXPECT_EQ(mioco::copy(from, near), 5U);
        char buffer[8];
        EXPECT_EQ(far.read(buffer), 5U);
    });
}

TEST(sim_areas, offloading) {
    in_simulation([] {
        EXPECT_EQ(mioco::offload([] {
                      mioco::sleep_for(1h);
                      return 7;
                  }),
                  7);
        EXPECT_EQ(mioco::block_in_place([] { return 8; }), 8);
    });
}

TEST(sim_areas, dumps) {
    in_simulation([] {
        EXPECT_NE(mioco::dump_text().find("\"main\" of localhost: runs on worker"),
                  std::string::npos);
    });
}

template <class Type>
void expect_no_adoption(int fd) {
    expect_refused([=] { Type::adopt(fd); }, std::errc::operation_not_supported, foreign);
    std::error_code ec;
    static_cast<void>(Type::adopt(fd, ec));
    EXPECT_EQ(ec, std::errc::operation_not_supported);
}

TEST(sim_areas, descriptors_of_the_kernel_s) {
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    in_simulation([&] {
        const int fd = pair[0];
        expect_no_adoption<net::tcp_stream>(fd);
        expect_no_adoption<net::tcp_listener>(fd);
        expect_no_adoption<net::udp_socket>(fd);
        expect_no_adoption<net::unix_stream>(fd);
        expect_no_adoption<net::unix_listener>(fd);
        expect_no_adoption<net::unix_datagram>(fd);
        expect_no_adoption<net::unix_seqpacket>(fd);
        expect_no_adoption<net::unix_seqpacket_listener>(fd);
        expect_no_adoption<mioco::pipe_reader>(fd);
        expect_no_adoption<mioco::pipe_writer>(fd);
        expect_no_adoption<mioco::fs::file>(fd);
        expect_no_adoption<mioco::async_fd>(fd);
        expect_refused([=] { mioco::async_fd::borrow(fd); }, std::errc::operation_not_supported,
                       foreign);
        auto [one, other] = net::unix_stream::pair();
        const int passed[] = {fd};
        EXPECT_EQ(error_of([&, &one = one] { one.send_fds("x"sv, passed); }),
                  std::errc::bad_file_descriptor);
    });
    // Still the program's, and as it was.
    EXPECT_EQ(fcntl(pair[0], F_GETFL) & O_NONBLOCK, 0);
    ::close(pair[0]);
    ::close(pair[1]);
}

TEST_F(sim_areas_death, the_close_of_one_of_the_kernel_s) {
    EXPECT_DEATH(sim::run(1, [] { const mioco::owned_fd closed(2); }),
                 "mioco: simulation: close of descriptor 2, which the kernel has made");
}

TEST(sim_areas, standard_streams) {
    in_simulation([] {
        expect_refused([] { static_cast<void>(mioco::standard_input()); },
                       std::errc::operation_not_supported, "use of standard stream 0, which");
        expect_refused([] { static_cast<void>(mioco::standard_output()); },
                       std::errc::operation_not_supported, foreign);
        expect_refused([] { static_cast<void>(mioco::standard_error()); },
                       std::errc::operation_not_supported, foreign);
    });
}

TEST(sim_areas, child_processes) {
    in_simulation([] {
        expect_refused([] { mioco::process::spawn({"true"}); }, std::errc::operation_not_supported,
                       "spawn of \"true\" in a simulation");
        std::error_code ec;
        mioco::process::run({"true"}, {}, {}, ec);
        EXPECT_EQ(ec, std::errc::operation_not_supported);
    });
}

TEST(sim_areas, stops_by_signals) {
    in_simulation([] {
        expect_refused([] { mioco::stop_on_signal(SIGUSR1); }, std::errc::operation_not_supported,
                       "stop_on_signal in a simulation");
    });
}

TEST(sim_areas, signals) {
    in_simulation([] {
        expect_refused([] { const mioco::signals refused{SIGUSR1}; },
                       std::errc::operation_not_supported, "signals in a simulation");
        expect_refused([] { const mioco::graceful_stop refused; },
                       std::errc::operation_not_supported, "graceful_stop in a simulation");
    });
}

TEST(sim_areas, spawns_outside_of_fibers) {
    in_simulation([] {
        mioco::offload([] {
            EXPECT_NE(message_of([] {
                          mioco::spawn([] {});
                      }).find("spawn outside of fibers in a simulation"),
                      std::string::npos);
        });
    });
}

TEST(sim_areas, a_simulation_in_a_simulation) {
    in_simulation([] {
        EXPECT_THROW(sim::run(1, [] {}), std::logic_error);
        mioco::offload([] { EXPECT_THROW(sim::run(1, [] {}), std::logic_error); });
    });
    mioco::run([] { EXPECT_THROW(sim::run(1, [] {}), std::logic_error); });
}

TEST(sim_areas, calls_of_a_simulation_outside_of_one) {
    EXPECT_THROW(sim::spawn_on("a", [] {}), std::logic_error);
    EXPECT_THROW(sim::partition("a", "b"), std::logic_error);
    EXPECT_THROW(sim::crash("a"), std::logic_error);
    EXPECT_THROW(sim::restart("a"), std::logic_error);
    EXPECT_THROW(static_cast<void>(sim::address_of("a")), std::logic_error);
    EXPECT_THROW(sim::random_below(2), std::logic_error);
    EXPECT_FALSE(sim::is_simulated());
}

TEST(sim_areas, its_streams_in_threads_from_outside) {
    in_simulation([] {
        auto [one, other] = net::unix_stream::pair();
        auto file = mioco::fs::file::open("/a", {.write = true, .create = true});
        std::thread([&one = one, &file] {
            EXPECT_EQ(error_of([&] { one.write_all("x"sv); }), std::errc::bad_file_descriptor);
            EXPECT_EQ(error_of([&] { file.write_all("x"sv); }), std::errc::bad_file_descriptor);
        }).join();
    });
}

TEST(sim_areas, forks) {
    in_simulation([] {
        const pid_t child = fork();
        if (child == 0) {
            const bool refused =
                message_of([] { mioco::spawn([] {}); }).find("fork") != std::string::npos;
            _exit(refused ? 0 : 1);
        }
        int status = -1;
        EXPECT_EQ(waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0);
    });
}

}  // namespace
