// SPDX-License-Identifier: MPL-2.0
// Deadlines where they meet something else: shields, other waiters, cancels, the pool.
#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
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

class deadline_edge : public mioco_test::anywhere {};
MIOCO_ANYWHERE(deadline_edge);

TEST_P(deadline_edge, ends_a_loop_of_reads_that_always_find_something) {
    inside([] {
        auto listener = mioco::net::tcp_listener::bind("127.0.0.1:0");
        auto client = mioco::net::tcp_stream::connect(listener.local());
        auto served = listener.accept();
        flag ended;
        beside sender([&] {
            while (!ended.is_raised()) {
                served.write_all(std::string_view("x"));
                mioco::yield();
            }
        });
        EXPECT_EQ(error_of([&] {
                      mioco::with_deadline(1ms, [&] {
                          std::vector<char> buffer(1 << 16);
                          for (int i = 0; i < 100'000; ++i) static_cast<void>(client.read(buffer));
                      });
                  }),
                  timed_out);
        ended.raise();
        sender.join();
    });
}

TEST_P(deadline_edge, ends_a_loop_that_yields) {
    inside([] {
        const std::string said = message_of([] {
            mioco::with_deadline(1ms, [] {
                for (const auto end = mioco_test::now() + 20s; mioco_test::now() < end;)
                    mioco::yield();
            });
        });
        EXPECT_NE(said.find("mioco: yield, as the deadline of 1 ms has passed"), std::string::npos)
            << said;
    });
}

TEST_P(deadline_edge, that_has_passed_ends_no_wait_in_a_shield) {
    inside([] {
        auto [tx, rx] = mioco::channel<int>(0);
        mioco::mutex guard;
        mioco::condition_variable changed;
        bool is_set = false;
        flag waits;
        beside other([&, tx = tx] {
            waits.await();
            tx.send(7);
            mioco::sleep_for(2ms);
            const std::scoped_lock held(guard);
            is_set = true;
            changed.notify_one();
        });
        mioco::with_deadline(0s, [&, rx = rx] {
            EXPECT_EQ(error_of([] { mioco::sleep_for(1h); }), timed_out);
            mioco::shield([&] {
                const auto before = mioco_test::now();
                mioco::sleep_for(3ms);
                EXPECT_GE(mioco_test::now() - before, 3ms);
                waits.raise();
                EXPECT_EQ(rx.recv(), 7);
                std::unique_lock held(guard);
                changed.wait(held, [&] { return is_set; });
            });
        });
        other.join();
    });
}

TEST_P(deadline_edge, leaves_a_condition_with_its_mutex_locked) {
    inside([] {
        mioco::mutex guard;
        mioco::condition_variable never_notified;
        flag holds;
        std::unique_lock held(guard);
        beside other([&] {
            const std::scoped_lock also_held(guard);
            holds.raise();
            mioco::sleep_for(20ms);
        });
        EXPECT_EQ(error_of([&] { mioco::with_deadline(5ms, [&] { never_notified.wait(held); }); }),
                  timed_out);
        EXPECT_TRUE(held.owns_lock());
        EXPECT_FALSE(guard.try_lock());
        held.unlock();
        other.join();
    });
}

TEST_P(deadline_edge, of_a_writer_lets_in_the_readers_behind_it) {
    inside([] {
        mioco::shared_mutex shared;
        shared.lock_shared();
        flag is_behind;
        beside reader([&] {
            while (shared.try_lock_shared()) {
                shared.unlock_shared();
                mioco::yield();
            }
            is_behind.raise();
            shared.lock_shared();
            shared.unlock_shared();
        });
        do {
            EXPECT_EQ(error_of([&] { mioco::with_deadline(20ms, [&] { shared.lock(); }); }),
                      timed_out);
        } while (!is_behind.is_raised());
        reader.join();
        shared.unlock_shared();
    });
}

TEST_P(deadline_edge, that_has_passed_lets_no_call_to_offload_begin) {
    inside([] {
        EXPECT_EQ(error_of([] {
                      mioco::with_deadline(-1h, [] { mioco::offload([] { ADD_FAILURE(); }); });
                  }),
                  timed_out);
    });
}

TEST_P(deadline_edge, that_has_passed_lets_no_call_of_a_file_begin_but_its_close) {
    inside([] {
        auto file = mioco::fs::file::open("/proc/self/stat");
        std::vector<char> buffer(8);
        mioco::with_deadline(-1h, [&] {
            EXPECT_EQ(error_of([&] { static_cast<void>(file.read(buffer)); }), timed_out);
            std::error_code ec;
            EXPECT_EQ(file.read(buffer, ec), 0U);
            EXPECT_EQ(ec, timed_out);
            file.close();
        });
        EXPECT_FALSE(file.is_open());
    });
}

TEST_P(deadline_edge, of_nothing_is_named_so) {
    inside([] {
        const std::string said =
            message_of([] { mioco::with_deadline(0s, [] { mioco::sleep_for(1h); }); });
        EXPECT_NE(said.find("the deadline of 0 s has passed"), std::string::npos) << said;
    });
}

TEST(deadline_edge_in_a_fiber, that_is_cancelled_too_ends_a_lock_which_is_no_cancellation_point) {
    mioco::run([] {
        mioco::mutex locked;
        locked.lock();
        mioco::shared_mutex written;
        written.lock();
        flag begins;
        flag is_cancelled;
        auto victim = mioco::spawn([&] {
            begins.raise();
            mioco::shield([&] { is_cancelled.await(); });
            mioco::with_deadline(1ms, [&] {
                EXPECT_EQ(error_of([&] { locked.lock(); }), timed_out);
                EXPECT_EQ(error_of([&] { locked.lock(); }), timed_out);
                EXPECT_EQ(error_of([&] { written.lock(); }), timed_out);
                EXPECT_EQ(error_of([&] { written.lock_shared(); }), timed_out);
            });
            return 7;
        });
        begins.await();
        victim.cancel();
        is_cancelled.raise();
        EXPECT_EQ(victim.join(), 7);
    });
}

}  // namespace
