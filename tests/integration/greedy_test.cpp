// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include "support/sockets.hpp"
#include "support/terminal.hpp"

// Fibers that never have to wait, on one worker: it looks at IO, timers and the others all the same.

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using mioco_test::connected_pair;
using mioco_test::read_text;

template <class F>
void run_on_one_worker(F&& f) {
    mioco::run(mioco::config{}.workers(1), std::forward<F>(f));
}

struct ending {
    explicit ending(bool& set) : set_(&set) {}
    ~ending() { *set_ = true; }
    ending(const ending&) = delete;
    ending& operator=(const ending&) = delete;

private:
    bool* set_;
};

// As many ready fibers as the queue holds leave it no room at any look around.
class full_queue : public testing::TestWithParam<int> {};

TEST_P(full_queue, does_not_keep_a_connection_from_being_served) {
    run_on_one_worker([] {
        auto [near, far] = connected_pair();
        bool served = false;
        auto reader = mioco::spawn([&near = near, &served] {
            EXPECT_EQ(read_text(near, 4), "ping");
            served = true;
        });
        std::vector<mioco::join_handle<void>> yielding;
        for (int i = 0; i < GetParam(); ++i) {
            yielding.push_back(mioco::spawn([&served] {
                while (!served) mioco::yield();
            }));
        }
        for (int i = 0; i < 1000; ++i) mioco::yield();
        far.write_all("ping"sv);
        for (auto& each : yielding) each.join();
        reader.join();
    });
}

INSTANTIATE_TEST_SUITE_P(of, full_queue, testing::Range(252, 260));

// `operation` never waits, and is repeated until another fiber of that worker has run.
template <class Operation>
void repeat_beside_another(Operation operation) {
    bool ran = false;
    auto other = mioco::spawn([&ran] { ran = true; });
    while (!ran) operation();
    other.join();
}

TEST(failing_call, lets_others_run) {
    run_on_one_worker([] {
        char buffer[8];
        std::error_code ec;
        auto [near, far] = connected_pair();
        near.close();
        auto listener = mioco::net::tcp_listener::bind("127.0.0.1:0");
        listener.close();
        repeat_beside_another([&near = near, &buffer, &ec] { near.read(buffer, ec); });
        repeat_beside_another([&near = near, &buffer, &ec] { near.try_read(buffer, ec); });
        repeat_beside_another([&near = near, &ec] { near.write("x"sv, ec); });
        repeat_beside_another([&near = near, &ec] { near.readable().wait(ec); });
        repeat_beside_another([&listener, &ec] { static_cast<void>(listener.accept(ec)); });
    });
}

// Standard streams that are no files are used with a job of the pool for each call, and whether they are ready is asked before.
TEST(call_that_is_not_ready, lets_others_run) {
    const mioco::owned_fd counter(eventfd(0, EFD_CLOEXEC));
    const mioco_test::replaced_descriptor input(STDIN_FILENO, counter.get());
    run_on_one_worker([&] {
        std::uint64_t count[1] = {};
        const auto room = std::as_writable_bytes(std::span(count));
        const auto text = std::as_bytes(std::span(count));
        auto in = mioco::standard_input();
        repeat_beside_another([&] { EXPECT_EQ(in.try_read(room), std::nullopt); });
        ASSERT_EQ(eventfd_write(counter.get(), ~std::uint64_t{0} - 1), 0);
        count[0] = 1;
        repeat_beside_another([&] { EXPECT_EQ(in.try_write(text), std::nullopt); });
        in.close();
        std::error_code ec;
        repeat_beside_another([&] { EXPECT_EQ(in.try_read(room, ec), 0U); });
        EXPECT_EQ(ec, std::errc::bad_file_descriptor);
    });
}

// A fiber that takes any error for a reason to try again does not hold up the others' stop.
template <class Call>
void repeat_until_others_see_a_stop(Call call) {
    mioco::runtime rt(mioco::config{}.workers(1));
    rt.run([&] {
        bool stopped = false;
        auto other = mioco::spawn([&stopped] {
            const ending sets(stopped);
            mioco::sleep_for(1h);
        });
        mioco::yield();
        rt.stop();
        while (!stopped) call();
    });
}

TEST(cancelled_call, lets_others_run) {
    auto [near, far] = connected_pair();
    repeat_until_others_see_a_stop([&near = near] {
        char buffer[8];
        std::error_code ec;
        near.read(buffer, ec);
    });
}

TEST(cancelled_call, that_reads_a_file_lets_others_run) {
    auto file = mioco::fs::file::open("/proc/self/exe");
    repeat_until_others_see_a_stop([&file] {
        char buffer[8];
        std::error_code ec;
        file.read(buffer, ec);
    });
}

TEST(cancelled_call, that_writes_to_a_closed_stream_tells_of_the_stop) {
    mioco::runtime rt(mioco::config{}.workers(1));
    rt.run([&] {
        auto [near, far] = connected_pair();
        near.close();
        rt.stop();
        std::error_code ec;
        while (ec != std::errc::operation_canceled) near.write("x"sv, ec);
        near.write_all("x"sv, ec);
        EXPECT_EQ(ec, std::errc::operation_canceled);
        EXPECT_THROW(near.write("x"sv), mioco::fiber_cancelled);
    });
}

// Looks around come after 128 operations at most, and a sleeper is resumed at the first after its time.
TEST(lone_fiber, that_never_waits_does_not_delay_timers_for_thousands_of_operations) {
    run_on_one_worker([] {
        auto [near, far] = connected_pair();
        int operations = 0;
        int most = 0;
        bool over = false;
        auto sleeper = mioco::spawn([&] {
            const ending sets(over);
            for (int i = 0; i < 20; ++i) {
                const int before = operations;
                mioco::sleep_for(100us);
                most = std::max(most, operations - before);
            }
        });
        while (!over) {
            far.write_all("x"sv);
            EXPECT_EQ(read_text(near, 1), "x");
            operations += 2;
        }
        EXPECT_LT(most, 2000);
    });
}

TEST(lone_fiber, whose_connects_fail_at_once_lets_others_run) {
    run_on_one_worker([] {
        bool has_run = false;
        auto other = mioco::spawn([&] { has_run = true; });
        std::error_code ec;
        while (!has_run) mioco::net::tcp_stream::connect("255.255.255.255:80", ec);
        EXPECT_TRUE(ec);
        other.join();
    });
}

}  // namespace
