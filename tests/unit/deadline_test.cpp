// SPDX-License-Identifier: MPL-2.0
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/flag.hpp"
#include "support/world.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::beside;
using mioco_test::error_of;
using mioco_test::flag;
using mioco_test::message_of;

constexpr auto timed_out = std::errc::timed_out;

class deadline : public mioco_test::anywhere {};
MIOCO_ANYWHERE(deadline);

TEST_P(deadline, leaves_alone_what_is_in_time) {
    inside([] {
        EXPECT_EQ(mioco::with_deadline(1h, [] { return 7; }), 7);
        EXPECT_NO_THROW(mioco::with_deadline(1h, [] { mioco::sleep_for(1ms); }));
        EXPECT_THROW(mioco::with_deadline(1h, [] { throw std::runtime_error("x"); }),
                     std::runtime_error);
    });
}

struct waiting_call {
    const char* name;
    std::function<void()> call;  // would wait for ever
};

// What all of them need is kept by the closures.
std::vector<waiting_call> calls_that_wait() {
    auto [tx, rx] = mioco::channel<int>(0);
    auto listener =
        std::make_shared<mioco::net::tcp_listener>(mioco::net::tcp_listener::bind("127.0.0.1:0"));
    auto client = std::make_shared<mioco::net::tcp_stream>(
        mioco::net::tcp_stream::connect(listener->local()));
    auto served = std::make_shared<mioco::net::tcp_stream>(listener->accept());
    auto locked = std::make_shared<mioco::mutex>();
    locked->lock();
    auto shared = std::make_shared<mioco::shared_mutex>();
    shared->lock();
    auto none = std::make_shared<mioco::counting_semaphore<>>(0);
    auto never_set = std::make_shared<mioco::event>();
    auto udp =
        std::make_shared<mioco::net::udp_socket>(mioco::net::udp_socket::bind("127.0.0.1:0"));
    return {
        {"sleep", [] { mioco::sleep_for(1h); }},
        {"recv", [rx = rx, tx = tx] { static_cast<void>(rx.recv()); }},
        {"send", [tx = tx, rx = rx] { tx.send(1); }},
        {"select", [rx = rx, tx = tx] { mioco::select(rx.receiving(), mioco::after(1h)); }},
        {"lock", [locked] { locked->lock(); }},
        {"lock", [shared] { shared->lock(); }},
        {"lock", [shared] { shared->lock_shared(); }},
        {"counting_semaphore::acquire", [none] { none->acquire(); }},
        {"event::wait", [never_set] { never_set->wait(); }},
        {"condition_variable::wait",
         [] {
             mioco::mutex guard;
             mioco::condition_variable never_notified;
             std::unique_lock held(guard);
             never_notified.wait(held);
         }},
        {"suspend",
         [] {
             std::optional<mioco::resumer<void>> kept;
             mioco::suspend([&](mioco::resumer<void> given) { kept.emplace(std::move(given)); });
         }},
        {"latch::wait", [] { mioco::latch(1).wait(); }},
        {"wait_group::wait",
         [] {
             mioco::wait_group busy;
             busy.add(1);
             busy.wait();
         }},
        {"accept", [listener] { static_cast<void>(listener->accept()); }},
        {"read",
         [client, served] {
             char buffer[8];
             static_cast<void>(client->read(buffer));
         }},
        {"select", [client, served] { mioco::select(client->readable()); }},
        {"recv_from",
         [udp] {
             char buffer[8];
             static_cast<void>(udp->recv_from(buffer));
         }},
    };
}

TEST_P(deadline, ends_each_call_and_names_it) {
    inside([] {
        for (const auto& each : calls_that_wait()) {
            const std::string said =
                message_of([&] { mioco::with_deadline(1ms, [&] { each.call(); }); });
            EXPECT_EQ(said, std::string("mioco: ") + each.name +
                                ", as the deadline of 1 ms has passed: " +
                                std::make_error_code(std::errc::timed_out).message());
            EXPECT_EQ(error_of([&] { mioco::with_deadline(mioco_test::now() + 1ms, each.call); }),
                      timed_out)
                << each.name;
        }
    });
}

TEST_P(deadline, that_has_passed_lets_no_call_wait) {
    inside([] {
        for (const auto& each : calls_that_wait()) {
            EXPECT_EQ(error_of([&] { mioco::with_deadline(-1h, [&] { each.call(); }); }), timed_out)
                << each.name;
        }
    });
}

TEST_P(deadline, is_seen_at_each_later_call) {
    inside([] {
        mioco::with_deadline(1ms, [] {
            for (int i = 0; i < 3; ++i)
                EXPECT_EQ(error_of([] { mioco::sleep_for(1h); }), timed_out);
            auto [tx, rx] = mioco::channel<int>(8);
            EXPECT_EQ(error_of([&tx] {
                          for (int i = 0; i < 4; ++i) tx.send(i);
                      }),
                      timed_out);
        });
        EXPECT_NO_THROW(mioco::sleep_for(1us));
    });
}

TEST_P(deadline, ends_a_loop_of_calls_that_are_always_ready) {
    inside([] {
        auto [tx, rx] = mioco::channel<int>(1);
        EXPECT_EQ(error_of([&tx, &rx] {
                      mioco::with_deadline(1ms, [&] {
                          for (;;) {
                              tx.send(1);
                              static_cast<void>(rx.recv());
                          }
                      });
                  }),
                  timed_out);
    });
}

TEST_P(deadline, of_the_outer_one_counts_when_it_is_earlier) {
    inside([] {
        const std::string said = message_of([] {
            mioco::with_deadline(1ms,
                                 [] { mioco::with_deadline(1h, [] { mioco::sleep_for(1h); }); });
        });
        EXPECT_NE(said.find("1 ms"), std::string::npos) << said;
        mioco::with_deadline(1ms, [] {
            error_of([] { mioco::with_deadline(1h, [] { mioco::sleep_for(1h); }); });
            EXPECT_EQ(error_of([] { mioco::sleep_for(1h); }), timed_out);
        });
    });
}

TEST_P(deadline, of_an_inner_one_leaves_the_outer_ones_time) {
    inside([] {
        mioco::with_deadline(1h, [] {
            EXPECT_EQ(error_of([] { mioco::with_deadline(1ms, [] { mioco::sleep_for(1h); }); }),
                      timed_out);
            EXPECT_NO_THROW(mioco::sleep_for(1ms));
        });
    });
}

TEST_P(deadline, of_a_wait_of_its_own_is_no_error_when_it_is_earlier) {
    inside([] {
        mioco::mutex held_by_another;
        held_by_another.lock();
        mioco::with_deadline(1h, [&] { EXPECT_FALSE(held_by_another.try_lock_for(1ms)); });
        EXPECT_EQ(error_of([&] {
                      mioco::with_deadline(
                          1ms, [&] { static_cast<void>(held_by_another.try_lock_for(1h)); });
                  }),
                  timed_out);
        EXPECT_FALSE(held_by_another.try_lock_for(1ms));
    });
}

TEST_P(deadline, is_not_seen_in_a_shield_but_one_that_is_set_there) {
    inside([] {
        bool finished = false;
        EXPECT_EQ(error_of([&] {
                      mioco::with_deadline(1ms, [&] {
                          mioco::shield([&] {
                              mioco::sleep_for(3ms);
                              EXPECT_EQ(error_of([] {
                                            mioco::with_deadline(1ms, [] { mioco::sleep_for(1h); });
                                        }),
                                        timed_out);
                              mioco::sleep_for(1ms);
                              finished = true;
                          });
                          mioco::sleep_for(1h);
                      });
                  }),
                  timed_out);
        EXPECT_TRUE(finished);
    });
}

struct says_goodbye {
    bool& done;
    ~says_goodbye() {
        mioco::sleep_for(2ms);
        EXPECT_EQ(error_of([] { mioco::with_deadline(1ms, [] { mioco::sleep_for(1h); }); }),
                  timed_out);
        mioco::sleep_for(1ms);
        done = true;
    }
};

TEST_P(deadline, is_not_seen_while_its_exception_unwinds) {
    inside([] {
        bool done = false;
        EXPECT_EQ(error_of([&] {
                      mioco::with_deadline(1ms, [&] {
                          const says_goodbye last{done};
                          mioco::sleep_for(1h);
                      });
                  }),
                  timed_out);
        EXPECT_TRUE(done);
    });
}

TEST_P(deadline, is_set_as_the_error_code) {
    inside([] {
        auto listener = mioco::net::tcp_listener::bind("127.0.0.1:0");
        auto client = mioco::net::tcp_stream::connect(listener.local());
        auto served = listener.accept();
        mioco::with_deadline(1ms, [&] {
            std::error_code ec;
            char buffer[8];
            EXPECT_EQ(client.read(buffer, ec), 0U);
            EXPECT_EQ(ec, timed_out);
            static_cast<void>(listener.accept(ec));
            EXPECT_EQ(ec, timed_out);
            static_cast<void>(mioco::net::tcp_stream::connect(listener.local(), ec));
            EXPECT_EQ(ec, timed_out);
        });
        std::error_code ec;
        EXPECT_TRUE(mioco::net::tcp_stream::connect(listener.local(), ec).is_open());
        EXPECT_FALSE(ec);
    });
}

TEST_P(deadline, keeps_the_count_of_what_was_read) {
    inside([] {
        auto listener = mioco::net::tcp_listener::bind("127.0.0.1:0");
        auto client = mioco::net::tcp_stream::connect(listener.local());
        auto served = listener.accept();
        served.write_all(std::string_view("abc"));
        char buffer[8];
        std::size_t transferred = 0;
        // On a busy machine the time may be over before the first read: then once more, with a longer one.
        for (int ms = 1; transferred == 0; ms *= 2) {
            try {
                mioco::with_deadline(std::chrono::milliseconds(ms),
                                     [&] { client.read_exactly(buffer); });
                FAIL() << "nothing thrown";
            } catch (const mioco::io_error& e) {
                transferred = e.transferred();
                EXPECT_EQ(e.code(), timed_out);
                EXPECT_NE(std::string(e.what()).find("deadline of " + std::to_string(ms) + " ms"),
                          std::string::npos)
                    << e.what();
            }
        }
        EXPECT_EQ(transferred, 3U);
    });
}

TEST_P(deadline, keeps_the_count_of_what_was_written) {
    inside([] {
        auto listener = mioco::net::tcp_listener::bind("127.0.0.1:0");
        auto client = mioco::net::tcp_stream::connect(listener.local());
        auto served = listener.accept();
        const std::vector<char> much(64 << 20);
        std::size_t written = 0;
        try {
            mioco::with_deadline(20ms, [&] { client.write_all(much); });
            ADD_FAILURE() << "nothing thrown";
        } catch (const mioco::io_error& e) {
            written = e.transferred();
            EXPECT_EQ(e.code(), timed_out);
        }
        client.close();
        std::vector<char> buffer(1 << 20);
        std::size_t read = 0;
        while (const std::size_t count = served.read(buffer)) read += count;
        EXPECT_EQ(read, written);
    });
}

TEST_P(deadline, bounds_a_join_and_leaves_the_handle) {
    inside([] {
        mioco::runtime other(mioco::config{}.workers(1));
        flag go_on;
        auto fiber = other.spawn([&] {
            go_on.await();
            return 7;
        });
        EXPECT_EQ(error_of([&] { mioco::with_deadline(1ms, [&] { fiber.join(); }); }), timed_out);
        EXPECT_EQ(error_of([&] { mioco::with_deadline(1ms, [&] { other.wait(); }); }), timed_out);
        go_on.raise();
        EXPECT_EQ(fiber.join(), 7);
    });
}

TEST(deadline_in_a_fiber, bounds_offload_that_has_not_begun) {
    mioco::run(mioco::config{}.workers(1).offload_threads(1), [] {
        flag go_on;
        flag begun;
        auto holds = mioco::spawn([&] {
            mioco::offload([&] {
                begun.raise();
                go_on.await_computing();
            });
        });
        begun.await();
        bool ran = false;
        EXPECT_EQ(error_of([&] {
                      mioco::with_deadline(1ms, [&] { mioco::offload([&] { ran = true; }); });
                  }),
                  timed_out);
        go_on.raise();
        holds.join();
        mioco::offload([] {});
        EXPECT_FALSE(ran);
    });
}

TEST(deadline_in_a_fiber, that_is_cancelled_first_gives_way) {
    mioco::run([] {
        flag parks;
        auto victim = mioco::spawn([&] {
            mioco::with_deadline(1h, [&] {
                parks.raise();
                mioco::sleep_for(2h);
            });
        });
        parks.await();
        victim.cancel();
        EXPECT_EQ(error_of([&] { victim.join(); }), std::errc::operation_canceled);
    });
}

TEST(deadline_in_a_fiber, of_many_fibers_end_at_their_times) {
    mioco::run(mioco::config{}.workers(4), [] {
        std::vector<mioco::join_handle<void>> fibers;
        for (int i = 0; i < 500; ++i) {
            fibers.push_back(mioco::spawn([i] {
                for (int round = 0; round < 5; ++round) {
                    const auto limit = std::chrono::microseconds((i * 37 + round * 11) % 3000);
                    const auto before = mioco_test::now();
                    EXPECT_EQ(error_of([&] {
                                  mioco::with_deadline(limit, [] { mioco::sleep_for(1h); });
                              }),
                              timed_out);
                    EXPECT_GE(mioco_test::now() - before, limit);
                }
            }));
        }
        for (auto& each : fibers) each.join();
    });
}

TEST(deadline_in_a_fiber, leaves_nothing_behind) {
    mioco::run(mioco::config{}.workers(1), [] {
        for (int i = 0; i < 1000; ++i) mioco::with_deadline(1us, [] {});
        mioco::sleep_for(2ms);
        auto [tx, rx] = mioco::channel<int>(0);
        auto sender = mioco::spawn([tx = tx] {
            mioco::sleep_for(2ms);
            tx.send(7);
        });
        EXPECT_EQ(rx.recv(), 7);
        sender.join();
    });
}

}  // namespace
