// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csetjmp>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <mioco/mioco.hpp>

#include "fiber/wait_reason.hpp"
#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/sizes.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::beside;
using mioco_test::error_of;
using mioco_test::flag;
using mioco_test::message_of;
using mioco_test::signal_process;
using mioco_test::thread;

class signals_received : public mioco_test::anywhere {};
MIOCO_ANYWHERE(signals_received);

struct sigaction action_of(int number) {
    struct sigaction action{};
    sigaction(number, nullptr, &action);
    return action;
}

/// Installs a handler of the user's, and puts back what was there.
class installed {
public:
    installed(int number, void (*handler)(int), int flags = 0) : number_(number) {
        struct sigaction action{};
        action.sa_handler = handler;
        action.sa_flags = flags;
        sigaction(number, &action, &before_);
    }
    ~installed() { sigaction(number_, &before_, nullptr); }
    installed(const installed&) = delete;
    installed& operator=(const installed&) = delete;

private:
    int number_;
    struct sigaction before_{};
};

std::atomic<int> calls;
void count_call(int) { ++calls; }
void spoil_errno(int) { errno = EDOM; }

TEST_P(signals_received, wake_who_waits) {
    inside([] {
        mioco::signals got{SIGUSR1, SIGUSR2};
        for (const int number : {SIGUSR2, SIGUSR1, SIGUSR2}) {
            beside other([&] { signal_process(number); });
            EXPECT_EQ(got.recv(), number);
            other.join();
        }
        EXPECT_EQ(got.try_recv(), std::nullopt);
    });
}

TEST_P(signals_received, are_kept_while_nobody_waits_one_of_each_number) {
    inside([] {
        mioco::signals got{SIGUSR1, SIGUSR2};
        for (const int number : {SIGUSR1, SIGUSR1, SIGUSR2, SIGUSR1}) raise(number);
        std::vector<int> numbers{got.recv(), got.recv()};
        std::ranges::sort(numbers);
        EXPECT_EQ(numbers, (std::vector{SIGUSR1, SIGUSR2}));
        EXPECT_EQ(got.try_recv(), std::nullopt);
    });
}

TEST_P(signals_received, are_each_objects_that_wants_them) {
    inside([] {
        mioco::signals one{SIGUSR1};
        mioco::signals two{SIGUSR1, SIGUSR2};
        mioco::signals none{SIGUSR2};
        signal_process(SIGUSR1);
        EXPECT_EQ(one.recv(), SIGUSR1);
        EXPECT_EQ(two.recv(), SIGUSR1);
        EXPECT_EQ(none.try_recv(), std::nullopt);
    });
}

TEST_P(signals_received, go_to_one_of_those_who_wait_at_one_object) {
    inside([] {
        mioco::signals got{SIGUSR1, SIGUSR2, SIGHUP};
        std::atomic<unsigned> seen = 0;
        const auto receive = [&] { seen += 1U << static_cast<unsigned>(got.recv()); };
        beside one(receive);
        beside two(receive);
        beside three(receive);
        for (const int number : {SIGUSR1, SIGUSR2, SIGHUP}) signal_process(number);
        one.join();
        two.join();
        three.join();
        EXPECT_EQ(seen, 1U << SIGUSR1 | 1U << SIGUSR2 | 1U << SIGHUP);
    });
}

TEST_P(signals_received, are_a_case_of_select_that_keeps_what_does_not_win) {
    inside([] {
        mioco::signals got{SIGUSR1};
        EXPECT_EQ(mioco::select(got.receiving(), mioco::otherwise).index(), 1U);
        EXPECT_EQ(got.try_recv_for(0s), std::nullopt);
        EXPECT_EQ(got.try_recv_until(mioco::now()), std::nullopt);
        mioco::event other;
        beside later([&] { signal_process(SIGUSR1); });
        const auto won = mioco::select(other.waiting(), got.receiving());
        ASSERT_EQ(won.index(), 1U);
        EXPECT_EQ(std::get<1>(won), SIGUSR1);
        later.join();
        signal_process(SIGUSR1);
        other.notify();
        while (mioco::select(other.waiting(), got.receiving()).index() == 0) {
        }
        signal_process(SIGUSR1);
        EXPECT_EQ(got.try_recv_for(1h), SIGUSR1);
    });
}

TEST_P(signals_received, are_not_lost_by_a_wait_that_a_deadline_ends) {
    inside([] {
        mioco::signals got{SIGUSR1};
        const auto wait = [&] { mioco::with_deadline(1ms, [&] { got.recv(); }); };
        EXPECT_EQ(error_of(wait), std::errc::timed_out);
        EXPECT_NE(message_of(wait).find("signals::recv"), std::string::npos) << message_of(wait);
        signal_process(SIGUSR1);
        EXPECT_EQ(got.recv(), SIGUSR1);
    });
}

TEST_P(signals_received, come_though_the_pools_threads_block_them) {
    inside([] {
        mioco::signals got{SIGUSR1};
        beside later([&] { signal_process(SIGUSR1); });
        EXPECT_EQ(mioco::offload([&] { return got.recv(); }), SIGUSR1);
        later.join();
    });
}

TEST(signals, do_not_hide_each_other) {
    mioco::signals got{SIGHUP, SIGTERM};
    raise(SIGTERM);
    raise(SIGHUP);
    const int first = got.recv();
    raise(first);  // the frequent one
    EXPECT_EQ(got.recv(), first == SIGHUP ? SIGTERM : SIGHUP);
}

TEST(signals, wait_for_a_signal_as_a_dump_says_and_no_deadlock_is_seen_in_it) {
    mioco::run([] {
        mioco::signals got{SIGUSR1};
        auto waits = mioco::spawn([&] { return got.recv(); });
        mioco_test::wait_for(
            [] { return mioco::dump_text().find("waits for a signal") != std::string::npos; });
        signal_process(SIGUSR1);
        EXPECT_EQ(waits.join(), SIGUSR1);
    });
    using namespace mioco::detail;
    EXPECT_EQ(facts_of(wait_reason::signal).who, woken_by::anybody);
}

TEST(signals, are_not_taken_by_a_fiber_that_is_cancelled) {
    mioco::run([] {
        mioco::signals got{SIGUSR1};
        for (int i = 0; i < 20; ++i) {
            auto waits = mioco::spawn([&] { return got.recv(); });
            mioco::yield();
            signal_process(SIGUSR1);
            waits.cancel();
            int received = 0;
            if (error_of([&] { received = waits.join(); }) == std::errc::operation_canceled)
                received = got.recv();
            EXPECT_EQ(received, SIGUSR1);
            EXPECT_EQ(got.try_recv(), std::nullopt);
        }
    });
}

TEST(signals, reach_fibers_of_several_runtimes_and_a_thread_by_one_object) {
    mioco::signals got{SIGUSR1, SIGUSR2, SIGHUP};
    mioco::runtime one(mioco::config{}.workers(1));
    mioco::runtime two(mioco::config{}.workers(2));
    std::atomic<unsigned> seen = 0;
    const auto receive = [&] { seen += 1U << static_cast<unsigned>(got.recv()); };
    auto here = one.spawn(receive);
    auto there = two.spawn(receive);
    thread outside(receive);
    for (const int number : {SIGUSR1, SIGUSR2, SIGHUP}) signal_process(number);
    here.join();
    there.join();
    outside.join();
    EXPECT_EQ(seen, 1U << SIGUSR1 | 1U << SIGUSR2 | 1U << SIGHUP);
}

TEST(signals, leave_errno_alone_whatever_the_handler_that_was_there_does) {
    const installed users(SIGUSR1, &spoil_errno);
    mioco::signals got{SIGUSR1};
    errno = ENOENT;
    raise(SIGUSR1);
    EXPECT_EQ(errno, ENOENT);
    EXPECT_EQ(got.recv(), SIGUSR1);
}

TEST(signals, are_passed_to_the_handler_that_was_there) {
    const installed users(SIGUSR1, &count_call);
    calls = 0;
    {
        mioco::signals got{SIGUSR1};
        raise(SIGUSR1);
        EXPECT_EQ(calls, 1);
        EXPECT_EQ(got.recv(), SIGUSR1);
    }
    EXPECT_EQ(action_of(SIGUSR1).sa_handler, &count_call);
    raise(SIGUSR1);
    EXPECT_EQ(calls, 2);
}

TEST(signals, have_their_former_handler_back_when_the_last_object_goes) {
    const auto before = action_of(SIGUSR1).sa_handler;
    auto one = std::make_unique<mioco::signals>(std::initializer_list<int>{SIGUSR1});
    auto two = std::make_unique<mioco::signals>(std::initializer_list<int>{SIGUSR1, SIGUSR2});
    one.reset();
    raise(SIGUSR1);
    EXPECT_EQ(two->recv(), SIGUSR1);
    two.reset();
    EXPECT_EQ(action_of(SIGUSR1).sa_handler, before);
}

TEST(signals, leave_a_handler_alone_that_was_installed_meanwhile) {
    const installed original(SIGUSR1, SIG_IGN);
    auto got = std::make_unique<mioco::signals>(std::initializer_list<int>{SIGUSR1});
    const installed users(SIGUSR1, &count_call);
    got.reset();
    EXPECT_EQ(action_of(SIGUSR1).sa_handler, &count_call);
}

// Who installs a handler may go on to call the one that it replaced.
void (*replaced)(int, siginfo_t*, void*);
std::atomic<int> wrapper_calls;
void call_replaced(int number, siginfo_t* info, void* registers) {
    ++wrapper_calls;
    replaced(number, info, registers);
}

void install_wrapper_of_what_is_there() {
    replaced = action_of(SIGUSR1).sa_sigaction;
    struct sigaction wrapper{};
    wrapper.sa_sigaction = &call_replaced;
    wrapper.sa_flags = SA_SIGINFO;
    sigaction(SIGUSR1, &wrapper, nullptr);
}

TEST(signals, that_come_by_a_handler_which_replaced_theirs_do_nothing_once_they_are_gone) {
    const installed original(SIGUSR1, SIG_IGN);
    auto got = std::make_unique<mioco::signals>(std::initializer_list<int>{SIGUSR1});
    install_wrapper_of_what_is_there();
    raise(SIGUSR1);
    EXPECT_EQ(got->recv(), SIGUSR1);
    got.reset();
    raise(SIGUSR1);  // comes back
}

TEST(signals, have_their_former_effect_when_their_handler_is_put_back_once_they_are_gone) {
    const installed original(SIGUSR1, SIG_IGN);
    auto got = std::make_unique<mioco::signals>(std::initializer_list<int>{SIGUSR1});
    {
        const installed for_a_while(SIGUSR1, &count_call);
        got.reset();
    }
    EXPECT_TRUE(action_of(SIGUSR1).sa_flags & SA_SIGINFO);
    raise(SIGUSR1);
    EXPECT_EQ(action_of(SIGUSR1).sa_handler, SIG_IGN);
}

TEST(signals, are_received_though_their_handler_was_put_back_before) {
    const installed original(SIGUSR1, SIG_IGN);
    auto got = std::make_unique<mioco::signals>(std::initializer_list<int>{SIGUSR1});
    {
        const installed for_a_while(SIGUSR1, &count_call);
        got.reset();
    }
    got = std::make_unique<mioco::signals>(std::initializer_list<int>{SIGUSR1});
    raise(SIGUSR1);
    EXPECT_EQ(got->recv(), SIGUSR1);
    got.reset();
    EXPECT_EQ(action_of(SIGUSR1).sa_handler, SIG_IGN);
}

TEST(signals, pass_on_once_to_a_handler_that_calls_theirs) {
    const installed original(SIGUSR1, SIG_IGN);
    auto got = std::make_unique<mioco::signals>(std::initializer_list<int>{SIGUSR1});
    install_wrapper_of_what_is_there();
    got = nullptr;
    got = std::make_unique<mioco::signals>(std::initializer_list<int>{SIGUSR1});
    wrapper_calls = 0;
    for (int i = 1; i <= 2; ++i) {
        raise(SIGUSR1);
        EXPECT_EQ(got->recv(), SIGUSR1);
        EXPECT_EQ(wrapper_calls, i);
    }
    got = nullptr;
    raise(SIGUSR1);  // comes back
}

sigjmp_buf out_of_handler;
void leave_by_a_jump(int) { siglongjmp(out_of_handler, 1); }
[[gnu::noinline]] void raise_and_leave_the_handler() {
    if (sigsetjmp(out_of_handler, 1) == 0) raise(SIGUSR1);
}

TEST(signals, are_received_after_a_handler_was_left_by_a_jump) {
    const installed users(SIGUSR1, &leave_by_a_jump);
    mioco::signals got{SIGUSR1};
    for (int i = 0; i < 2; ++i) {
        raise_and_leave_the_handler();
        EXPECT_EQ(got.try_recv(), SIGUSR1);
    }
}

TEST(signals, of_no_use_are_refused) {
    for (const int number :
         {-1, 0, 65, 9999, SIGKILL, SIGSTOP, SIGSEGV, SIGFPE, SIGILL, SIGBUS, 32}) {
        const auto make = [&] { const mioco::signals made{SIGUSR1, number}; };
        EXPECT_EQ(error_of(make), std::errc::invalid_argument);
        const std::string said = message_of(make);
        EXPECT_NE(said.find("signal " + std::to_string(number)), std::string::npos) << said;
    }
    EXPECT_EQ(error_of([] { const mioco::signals none(std::span<const int>{}); }),
              std::errc::invalid_argument);
    EXPECT_EQ(action_of(SIGUSR1).sa_handler, SIG_DFL);
}

TEST(signals, and_stop_on_signal_refuse_each_other) {
    mioco::run([] {
        mioco::stop_on_signal(SIGUSR1);
        const auto receive = [] { const mioco::signals made{SIGUSR2, SIGUSR1}; };
        EXPECT_EQ(error_of(receive), std::errc::device_or_resource_busy);
        EXPECT_NE(message_of(receive).find("signal 10 (SIGUSR1)"), std::string::npos)
            << message_of(receive);
        mioco::signals got{SIGUSR2};
        const auto stop = [] { mioco::stop_on_signal(SIGUSR2); };
        EXPECT_EQ(error_of(stop), std::errc::device_or_resource_busy);
        EXPECT_NE(message_of(stop).find("mioco::signals"), std::string::npos);
        signal_process(SIGUSR2);
        EXPECT_EQ(got.recv(), SIGUSR2);
    });
    mioco::signals now{SIGUSR1};
    raise(SIGUSR1);
    EXPECT_EQ(now.recv(), SIGUSR1);
}

#if !defined(MIOCO_TSAN)  // which supports no threads after a fork
int status_of(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

TEST(signals, have_their_former_effect_in_a_forked_child_and_are_the_parents_alone) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto both = [] {
        mioco::signals got{SIGUSR1, SIGCHLD};
        const pid_t first = fork();
        if (first == 0) {
            const bool refuses =
                message_of([&] { got.recv(); }).find("forked child") != std::string::npos &&
                message_of([&] { mioco::signals{SIGUSR2}; }) != "";
            if (refuses) raise(SIGUSR1);
            _exit(1);
        }
        if (status_of(first) != SIGUSR1 || got.recv() != SIGCHLD) std::_Exit(1);
        const pid_t second = fork();
        if (second == 0) std::exit(7);  // which no object's end holds up
        std::_Exit(status_of(second) == 7 && got.recv() == SIGCHLD && !got.try_recv() ? 0 : 2);
    };
    EXPECT_EXIT(both(), testing::ExitedWithCode(0), "");
}

TEST(signals, of_children_leave_them_reaped_by_the_system_if_they_were) {
    const installed original(SIGCHLD, SIG_IGN);
    mioco::signals got{SIGCHLD};
    const pid_t child = fork();
    if (child == 0) _exit(0);
    EXPECT_EQ(waitpid(child, nullptr, 0), -1);
    EXPECT_EQ(got.recv(), SIGCHLD);
}
#endif

// Signals of a thread that the library knows nothing of, while objects come and go.
TEST(signals, may_come_at_any_moment_of_an_objects_life) {
    const installed users(SIGUSR1, &count_call);
    calls = 0;
    const std::size_t rounds = mioco_test::here(mioco_test::signalled_objects);
    std::atomic<bool> is_over = false;
    std::thread raises([&] {
        while (!is_over) raise(SIGUSR1);
    });
    mioco::run([&] {
        std::vector<mioco::join_handle<void>> all;
        for (int i = 0; i < 4; ++i) {
            all.push_back(mioco::spawn([&] {
                for (std::size_t round = 0; round < rounds; ++round) {
                    mioco::signals got{SIGUSR1};
                    EXPECT_EQ(got.recv(), SIGUSR1);
                    const mioco::signals unused{SIGUSR1, SIGUSR2};
                }
            }));
        }
        for (auto& each : all) each.join();
    });
    is_over = true;
    raises.join();
    EXPECT_EQ(action_of(SIGUSR1).sa_handler, &count_call);
    EXPECT_GE(static_cast<std::size_t>(calls), rounds);
}

}  // namespace
