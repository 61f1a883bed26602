// SPDX-License-Identifier: MPL-2.0
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <mioco/mioco.hpp>

#include "sched/held_worker.hpp"
#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/workers.hpp"

// Who looks on from a thread of its own: the watchdog, and dumps by a signal.

namespace {

using namespace std::chrono_literals;
using mioco_test::captured_stderr;
using mioco_test::count_of;
using mioco_test::flag;

class watchdog : public mioco_test::on_workers {
protected:
    static mioco::config settings() { return on_workers::settings().watchdog(4ms); }
};
MIOCO_ON_WORKER_COUNTS(watchdog);

std::string report_of(const std::string& name) {
    return "\"" + name + "\" of mioco has held worker ";
}

// Computes, and allocates most of the time.
[[gnu::noinline]] void hold_until_reported(const captured_stderr& shown, const std::string& name,
                                           std::size_t times = 1) {
    while (count_of(report_of(name), shown.text()) < times) {
    }
}

TEST_P(watchdog, reports_who_holds_a_worker) {
    const captured_stderr shown;
    mioco::run(settings(), [&] {
        mioco::spawn({.name = "greedy"}, [&] { hold_until_reported(shown, "greedy"); }).join();
    });
    EXPECT_NE(shown.text().find("\"greedy\" of mioco: runs on worker "), std::string::npos)
        << shown.text();
#if !defined(MIOCO_TSAN)
    Dl_info module{};
    const auto function = reinterpret_cast<std::uintptr_t>(&hold_until_reported);
    ASSERT_NE(dladdr(reinterpret_cast<const void*>(function), &module), 0);
    const std::uintptr_t begin = function - reinterpret_cast<std::uintptr_t>(module.dli_fbase);
    const std::string text = shown.text();
    bool is_there = false;
    for (auto at = text.find("+0x"); at != std::string::npos; at = text.find("+0x", at + 1))
        is_there |= std::stoull(text.substr(at + 3), nullptr, 16) - begin < 4000;
    EXPECT_TRUE(is_there) << text;
#endif
}

TEST_P(watchdog, reports_after_all_have_slept_for_long) {
    const captured_stderr shown;
    mioco::run(settings(), [&] {
        mioco::spawn({.name = "late"}, [&] {
            mioco::sleep_for(50ms);
            hold_until_reported(shown, "late");
        }).join();
    });
    EXPECT_NE(shown.text().find(report_of("late")), std::string::npos);
}

TEST_P(watchdog, reports_once_until_others_may_run) {
    const captured_stderr shown;
    mioco::run(settings(), [&] {
        auto again = mioco::spawn({.name = "again"}, [&] {
            hold_until_reported(shown, "again");
            mioco::yield();
            hold_until_reported(shown, "again", 2);
        });
        again.join();
    });
    EXPECT_EQ(count_of(report_of("again"), shown.text()), 2U) << shown.text();
}

TEST_P(watchdog, is_silent_below_its_limit) {
    const captured_stderr shown;
    mioco::run(on_workers::settings().watchdog(1h), [] {
        for (int i = 0; i < 1000; ++i) mioco::yield();
        mioco::sleep_for(3ms);
    });
    EXPECT_EQ(shown.text(), "");
}

TEST(held_worker, tells_once_of_each_stretch) {
    const mioco::detail::fiber running(1);
    mioco::detail::held_worker worker;
    mioco::detail::worker::activity doing{&running, 7, 100, 5, 1};
    EXPECT_FALSE(worker.look(doing, 1000, 10));
    EXPECT_FALSE(worker.look(doing, 1009, 10));
    EXPECT_TRUE(worker.look(doing, 1010, 10));
    EXPECT_EQ(worker.held_for(), 10);
    EXPECT_FALSE(worker.look(doing, 2000, 10));
    --doing.ticks_left;
    EXPECT_FALSE(worker.look(doing, 2001, 10)) << "it has left the fiber meanwhile";
    EXPECT_TRUE(worker.look(doing, 2011, 10));
    doing.running = nullptr;
    EXPECT_FALSE(worker.look(doing, 2012, 10));
    EXPECT_FALSE(worker.look(doing, 9999, 10)) << "no fiber runs";
}

TEST(watchdog_signal, interrupts_no_call_that_can_be_restarted) {
    const captured_stderr shown;
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    mioco::runtime rt(mioco::config{}.workers(1).watchdog(2ms));
    auto reader = rt.spawn({.name = "reader"}, [&] {
        char byte = 0;
        return read(ends[0], &byte, 1);
    });
    hold_until_reported(shown, "reader");
    EXPECT_EQ(write(ends[1], "x", 1), 1);
    EXPECT_EQ(reader.join(), 1);
    close(ends[0]);
    close(ends[1]);
}

std::atomic<int> urgent = 0;
void count_urgent(int) { ++urgent; }

TEST(watchdog_signal, leaves_others_to_the_handler_before_and_puts_it_back) {
    const captured_stderr shown;
    urgent = 0;
    struct sigaction mine{};
    mine.sa_handler = &count_urgent;
    struct sigaction before{};
    ASSERT_EQ(sigaction(SIGURG, &mine, &before), 0);
    {
        mioco::runtime rt(mioco::config{}.workers(1).watchdog(2ms));
        rt.spawn({.name = "greedy"}, [&] { hold_until_reported(shown, "greedy"); }).join();
        EXPECT_EQ(urgent, 0);
        kill(getpid(), SIGURG);
        while (urgent == 0) mioco_test::yield_thread();
    }
    struct sigaction after{};
    ASSERT_EQ(sigaction(SIGURG, &before, &after), 0);
    EXPECT_EQ(after.sa_handler, &count_urgent);
}

TEST(watchdog_signal, is_not_passed_round_and_round_with_those_who_receive_it) {
    struct sigaction before{};
    sigaction(SIGURG, nullptr, &before);
    {
        auto got = std::make_unique<mioco::signals>(std::initializer_list<int>{SIGURG});
        const mioco::runtime rt(mioco::config{}.workers(1).watchdog(1h));
        got.reset();
        got = std::make_unique<mioco::signals>(std::initializer_list<int>{SIGURG});
        kill(getpid(), SIGURG);
        while (!got->try_recv()) mioco_test::yield_thread();
    }
    sigaction(SIGURG, &before, nullptr);
}

// On its own stack there is nothing of the fiber's to be seen.
TEST(watchdog_signal, finds_no_calls_of_a_fiber_that_blocks_it) {
    const captured_stderr shown;
    sigset_t urgent_one;
    sigemptyset(&urgent_one);
    sigaddset(&urgent_one, SIGURG);
    pthread_sigmask(SIG_BLOCK, &urgent_one, nullptr);  // this thread is the only worker
    mioco::run(mioco::config{}.workers(1).watchdog(1ms), [&] {
        mioco::spawn({.name = "deaf"}, [&] { hold_until_reported(shown, "deaf"); }).join();
    });
    pthread_sigmask(SIG_UNBLOCK, &urgent_one, nullptr);
    EXPECT_EQ(shown.text().find("\n    "), std::string::npos) << shown.text();
}

TEST(watchdog_limit, is_checked) {
    const auto message =
        mioco_test::message_of([] { const mioco::runtime rt(mioco::config{}.watchdog(999us)); });
    EXPECT_NE(message.find("config::watchdog = 999000 ns"), std::string::npos) << message;
    EXPECT_THROW(mioco::runtime(mioco::config{}.watchdog(-1ms)), std::invalid_argument);
}

class dump_on_signal : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(dump_on_signal);

TEST_P(dump_on_signal, also_when_all_workers_are_busy) {
    const captured_stderr shown;
    struct sigaction before{};
    sigaction(SIGUSR2, nullptr, &before);
    {
        mioco::runtime rt(settings().dump_on_signal(SIGUSR2));
        flag dumped;
        std::vector<mioco::join_handle<void>> all;
        for (unsigned i = 0; i < GetParam(); ++i) {
            all.push_back(
                rt.spawn({.name = "busy", .pinned = true}, [&] { dumped.await_computing(); }));
        }
        kill(getpid(), SIGUSR2);
        while (shown.text().find("\"busy\" of mioco: ") == std::string::npos)
            mioco_test::yield_thread();
        dumped.raise();
        for (auto& each : all) each.join();
    }
    struct sigaction after{};
    sigaction(SIGUSR2, nullptr, &after);
    EXPECT_EQ(after.sa_handler, before.sa_handler);
}

TEST(dump_signal, lasts_until_the_last_runtime_ends) {
    const captured_stderr shown;
    mioco::runtime lasting(mioco::config{}.workers(1).dump_on_signal(SIGUSR2));
    mioco::runtime(mioco::config{}.workers(1).dump_on_signal(SIGUSR2)).run([] {});
    flag dumped;
    auto waits = lasting.spawn({.name = "waits"}, [&] { dumped.await(); });
    kill(getpid(), SIGUSR2);
    while (shown.text().find("\"waits\" of mioco: ") == std::string::npos)
        mioco_test::yield_thread();
    dumped.raise();
    waits.join();
}

TEST(dump_signal, is_checked) {
    const auto refusal = [](int number) {
        return mioco_test::message_of(
            [=] { const mioco::runtime rt(mioco::config{}.dump_on_signal(number)); });
    };
    EXPECT_NE(refusal(-1).find("config::dump_on_signal(-1): no such signal"), std::string::npos);
    EXPECT_NE(refusal(SIGKILL).find("cannot be handled"), std::string::npos);
}

#if !defined(MIOCO_TSAN)  // which supports no threads after a fork
TEST(dump_signal, has_its_default_effect_in_a_child) {
    mioco::runtime rt(mioco::config{}.workers(1).dump_on_signal(SIGUSR2));
    const pid_t child = fork();
    if (child == 0) {
        raise(SIGUSR2);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR2) << status;
}
#endif

TEST(lookers_on, come_and_go_with_their_runtimes) {
    for (int i = 0; i < 100; ++i) {
        mioco::runtime rt(mioco::config{}.workers(2).watchdog(1ms).dump_on_signal(SIGUSR2));
        if (i % 2 == 0) rt.spawn([] {});
    }
}

}  // namespace
