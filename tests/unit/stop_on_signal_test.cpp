// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <system_error>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <mioco/mioco.hpp>

#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/sizes.hpp"
#include "support/workers.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::counted;
using mioco_test::error_of;
using mioco_test::flag;
using mioco_test::signal_process;

class stop_on_signal : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(stop_on_signal);

auto handler_of(int number) {
    struct sigaction action{};
    sigaction(number, nullptr, &action);
    return action.sa_handler;
}

TEST_P(stop_on_signal, ends_the_callers_runtime) {
    std::atomic<int> living = 0;
    for (int round = 0; round < 5; ++round) {
        EXPECT_EQ(error_of([&] {
                      run([&] {
                          mioco::stop_on_signal(SIGUSR2);
                          mioco::spawn([c = counted(living)] { mioco::sleep_for(1h); });
                          signal_process(SIGUSR2);
                          for (;;) mioco::yield();
                      });
                  }),
                  std::errc::operation_canceled);
        EXPECT_EQ(living, 0);
    }
}

TEST_P(stop_on_signal, puts_the_former_handler_back) {
    struct sigaction action{};
    struct sigaction original{};
    struct sigaction after{};
    action.sa_handler = [](int) {};
    sigaction(SIGUSR2, &action, &original);
    run([] { mioco::stop_on_signal(SIGUSR2); });
    sigaction(SIGUSR2, &original, &after);
    EXPECT_EQ(after.sa_handler, action.sa_handler);
}

TEST_P(stop_on_signal, needs_no_room_on_the_stack_of_a_fiber) {
    run([] {
        mioco::stop_on_signal(SIGUSR2);
        struct sigaction action{};
        sigaction(SIGUSR2, nullptr, &action);
        EXPECT_TRUE(action.sa_flags & SA_ONSTACK);
    });
}

TEST_P(stop_on_signal, refuses_what_is_no_signal_that_can_be_handled) {
    run([] {
        for (const int number : {-1, 0, 9999, SIGKILL, SIGSTOP}) {
            try {
                mioco::stop_on_signal(number);
                ADD_FAILURE() << number << " was accepted";
            } catch (const std::system_error& e) {
                EXPECT_NE(std::string(e.what()).find("(" + std::to_string(number) + ")"),
                          std::string::npos)
                    << e.what();
            }
        }
    });
}

TEST(stop_on_signal_anywhere, is_refused_outside_of_fibers) {
    EXPECT_EQ(error_of([] { mioco::stop_on_signal(SIGUSR2); }), std::errc::operation_not_permitted);
}

TEST(stop_on_signal_anywhere, a_second_signal_has_its_default_effect) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(mioco::run([] {
                    mioco::stop_on_signal(SIGINT);
                    signal_process(SIGINT);
                    for (;;) {
                        try {
                            mioco::sleep_for(1h);
                        } catch (...) {
                            signal_process(SIGINT);  // does not end by itself
                        }
                    }
                }),
                testing::KilledBySignal(SIGINT), "");
}

// Its destructor runs while the fiber is being stopped.
struct registers_at_its_end {
    ~registers_at_its_end() { mioco::stop_on_signal(SIGUSR2); }
};

TEST_P(stop_on_signal, is_forgotten_though_it_was_called_while_the_runtime_ended) {
    const auto before = handler_of(SIGUSR2);
    {
        mioco::runtime rt(settings());
        flag waits;
        rt.spawn([&] {
              const registers_at_its_end late;
              waits.raise();
              mioco::sleep_for(1h);
          }).detach();
        waits.await();
    }
    EXPECT_EQ(handler_of(SIGUSR2), before);
}

TEST_P(stop_on_signal, stops_the_runtime_that_called_last_though_another_one_has_ended) {
    const auto before = handler_of(SIGUSR2);
    {
        mioco::runtime last(settings());
        {
            mioco::runtime first(settings());
            first.run([] { mioco::stop_on_signal(SIGUSR2); });
            last.run([] { mioco::stop_on_signal(SIGUSR2); });
        }
        EXPECT_EQ(error_of([&] {
                      last.run([] {
                          signal_process(SIGUSR2);
                          mioco::sleep_for(1h);
                      });
                  }),
                  std::errc::operation_canceled);
    }
    EXPECT_EQ(handler_of(SIGUSR2), before);
}

#if !defined(MIOCO_TSAN)  // which supports no threads after a fork
TEST(stop_on_signal_anywhere, leaves_a_forked_child_to_the_signals_default_effect) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(mioco::run([] {
                    mioco::stop_on_signal(SIGUSR2);
                    const pid_t child = fork();
                    if (child == 0) {
                        raise(SIGUSR2);
                        _exit(1);
                    }
                    int status = 0;
                    waitpid(child, &status, 0);
                    std::_Exit(WIFSIGNALED(status) ? WTERMSIG(status) : 0);
                }),
                testing::ExitedWithCode(SIGUSR2), "");
}
#endif

}  // namespace
