// SPDX-License-Identifier: MPL-2.0
#include "offload/offload_pool.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "runtime/runtime_core.hpp"
#include "support/anywhere.hpp"
#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/sizes.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

// The threads that stand behind `offload`: how many there are, who gets one, and how they end.

namespace {

using namespace std::chrono_literals;
using mioco::detail::offload_job;
using mioco::detail::offload_pool;
using mioco_test::error_of;
using mioco_test::flag;
using mioco_test::thread_number;
using mioco_test::threads_named;

// Of the runtime of the fiber that calls.
offload_pool& pool_here() { return mioco::detail::current_fiber()->on->home().offloads(); }

// Returns when so many calls wait for a thread.
void until_waiting(offload_pool& pool, std::size_t count) {
    mioco_test::wait_for([&] { return pool.queued() + pool.waiting_for_room() == count; });
}

class pool : public mioco_test::on_workers {
protected:
    // A runtime with so many threads to offload to.
    static mioco::config with_threads(unsigned count) { return settings().offload_threads(count); }
};
MIOCO_ON_WORKER_COUNTS(pool);

TEST_P(pool, other_fibers_run_while_a_call_blocks) {
    run([] {
        flag raised_beside;
        auto beside = mioco::spawn([&] { raised_beside.raise(); });
        mioco::offload([&] { raised_beside.await_computing(); });
        beside.join();
    });
}

TEST_P(pool, other_fibers_run_while_a_scope_blocks) {
    run([] {
        flag raised_beside;
        auto beside = mioco::spawn([&] {
            for (int i = 0; i < 100; ++i) mioco::yield();
            raised_beside.raise();
        });
        mioco::block_in_place([&] { raised_beside.await_computing(); });
        beside.join();
    });
}

TEST_P(pool, calls_run_at_once) {
    static constexpr unsigned count = 8;
    mioco::run(with_threads(count), [] {
        std::atomic<unsigned> inside = 0;
        std::vector<mioco::join_handle<void>> fibers;
        for (unsigned i = 0; i < count; ++i) {
            fibers.push_back(mioco::spawn([&] {
                mioco::offload([&] {
                    ++inside;
                    while (inside != count) mioco_test::yield_thread();
                });
            }));
        }
        for (auto& each : fibers) each.join();
        EXPECT_EQ(pool_here().threads(), count);
    });
}

TEST_P(pool, has_no_more_threads_than_it_may_and_all_calls_end) {
    static constexpr unsigned most = 3;
    mioco::run(with_threads(most).offload_queue(4), [] {
        std::atomic<unsigned> inside = 0;
        std::atomic<unsigned> peak = 0;
        std::atomic<int> ended = 0;
        std::vector<mioco::join_handle<void>> fibers;
        for (int i = 0; i < 100; ++i) {
            fibers.push_back(mioco::spawn([&] {
                mioco::offload([&] {
                    const unsigned now = ++inside;
                    unsigned before = peak;
                    while (before < now && !peak.compare_exchange_weak(before, now)) {
                    }
                    EXPECT_LE(threads_named("mioco-pool-").size(), most);
                    mioco_test::yield_thread();
                    --inside;
                });
                ++ended;
            }));
        }
        for (auto& each : fibers) each.join();
        EXPECT_EQ(ended, 100);
        EXPECT_LE(peak, most);
        EXPECT_LE(pool_here().threads(), most);
    });
}

TEST_P(pool, calls_get_their_thread_in_order) {
    mioco::run(with_threads(1).offload_queue(2), [] {
        offload_pool& pool = pool_here();
        flag may_begin;
        std::vector<int> order;
        std::vector<mioco::join_handle<void>> fibers;
        flag begun;
        fibers.push_back(mioco::spawn([&] {
            mioco::offload([&] {
                begun.raise();
                may_begin.await_computing();
            });
        }));
        begun.await();
        for (int i = 0; i < 6; ++i) {
            fibers.push_back(
                mioco::spawn([&, i] { mioco::offload([&order, i] { order.push_back(i); }); }));
            until_waiting(pool, static_cast<std::size_t>(i) + 1);
        }
        EXPECT_EQ(pool.queued(), 2U);
        EXPECT_EQ(pool.waiting_for_room(), 4U);
        may_begin.raise();
        for (auto& each : fibers) each.join();
        EXPECT_EQ(order, (std::vector{0, 1, 2, 3, 4, 5}));
    });
}

TEST_P(pool, needs_one_thread_for_calls_in_a_row) {
    run([] {
        EXPECT_EQ(pool_here().threads(), 0U);
        const pid_t first = mioco::offload(thread_number);
        for (int i = 0; i < 200; ++i) EXPECT_EQ(mioco::offload(thread_number), first);
        EXPECT_EQ(pool_here().threads(), 1U);
    });
}

TEST_P(pool, calls_within_calls_need_no_second_thread) {
    mioco::run(with_threads(1), [] {
        EXPECT_EQ(mioco::offload([] {
                      return mioco::offload([] { return mioco::block_in_place([] { return 1; }); });
                  }),
                  1);
        EXPECT_EQ(pool_here().threads(), 1U);
    });
}

TEST_P(pool, threads_bear_the_runtimes_name) {
    const auto name_inside = [] {
        return mioco::offload([] {
            const auto self = std::to_string(thread_number());
            return mioco_test::contents_of("/proc/self/task/" + self + "/comm");
        });
    };
    EXPECT_EQ(run(name_inside), "mioco-pool-0\n");
    EXPECT_EQ(mioco::run(settings().name("mine"), name_inside), "mine-pool-0\n");
}

TEST_P(pool, threads_have_signals_blocked_save_those_they_cause) {
    run([] {
        const sigset_t blocked = mioco::offload([] {
            sigset_t mask;
            pthread_sigmask(SIG_SETMASK, nullptr, &mask);
            return mask;
        });
        for (const int number : {SIGINT, SIGTERM, SIGCHLD, SIGUSR1, SIGALRM})
            EXPECT_TRUE(sigismember(&blocked, number)) << number;
        for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGABRT})
            EXPECT_FALSE(sigismember(&blocked, number)) << number;
        sigset_t own;
        pthread_sigmask(SIG_SETMASK, nullptr, &own);
        EXPECT_FALSE(sigismember(&own, SIGINT));
    });
}

TEST_P(pool, threads_end_with_their_runtime) {
    for (std::size_t i = 0; i < 20; ++i) {
        EXPECT_EQ(run([] { return mioco::offload([] { return 1; }); }), 1);
        mioco_test::wait_for([] { return threads_named("mioco-pool-").empty(); });
    }
}

TEST_P(pool, threads_are_there_for_the_next_run_of_their_runtime) {
    mioco::runtime rt(settings());
    const pid_t first = rt.run([] { return mioco::offload(thread_number); });
    for (std::size_t i = 0; i < mioco_test::here(mioco_test::runtime_starts) / 10; ++i)
        ASSERT_EQ(rt.run([] { return mioco::offload(thread_number); }), first);
}

// With one thread for both runtimes, the inner call would wait for the outer one, which waits for it.
TEST_P(pool, a_call_may_wait_for_another_runtimes_calls) {
    mioco::runtime other(with_threads(1));
    const auto through_both = [&] {
        return mioco::offload(
            [&] { return other.spawn([] { return mioco::offload([] { return 9; }); }).join(); });
    };
    EXPECT_EQ(mioco::run(with_threads(1), through_both), 9);
}

TEST_P(pool, plain_threads_call_beside_fibers) {
    mioco::runtime rt(with_threads(2));
    std::atomic<int> sum = 0;
    std::vector<mioco_test::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 50; ++i) {
                sum += mioco::offload([] { return 1; });
                sum += rt.spawn([] { return mioco::offload([] { return 1; }); }).join();
            }
        });
    }
    for (auto& each : threads) each.join();
    EXPECT_EQ(sum, 400);
}

class offload_stop : public pool {};
MIOCO_ON_WORKER_COUNTS(offload_stop);

// One call runs, and others wait for its thread, when the runtime is stopped.
TEST_P(offload_stop, takes_waiting_calls_back_and_awaits_the_running_one) {
    mioco::runtime rt(with_threads(1).offload_queue(2));
    flag begun;
    flag may_end;
    std::atomic<int> called = 0;
    std::atomic<int> unwound = 0;
    int result = 0;
    mioco_test::thread releaser([&] {
        while (unwound != 5) mioco_test::yield_thread();
        may_end.raise();
    });
    const auto body = [&] {
        mioco::spawn([&] {
            result = mioco::offload([&] {
                begun.raise();
                may_end.await_computing();
                return 7;
            });
            mioco::sleep_for(1h);
            result = 0;
        });
        begun.await();
        for (int i = 0; i < 5; ++i) {
            mioco::spawn([&] {
                try {
                    mioco::offload([&] { ++called; });
                } catch (const mioco::fiber_cancelled&) {
                    ++unwound;
                    throw;
                }
            });
        }
        until_waiting(pool_here(), 5);
        rt.stop();
    };
    rt.run(body);
    releaser.join();
    EXPECT_EQ(called, 0);
    EXPECT_EQ(result, 7);
    EXPECT_EQ(rt.run([] { return mioco::offload([] { return 3; }); }), 3);
}

TEST_P(offload_stop, lets_no_call_begin_but_scopes_that_are_certain) {
    mioco::runtime rt(settings());
    int scopes = 0;
    EXPECT_EQ(error_of([&] {
                  rt.run([&] {
                      rt.stop();
                      while (!mioco::detail::current_fiber()->cancel_requested())
                          mioco::block_in_place([&] { ++scopes; });
                      const int before = scopes;
                      mioco::block_in_place([&] { ++scopes; });
                      EXPECT_EQ(scopes, before + 1);
                      mioco::offload([] { ADD_FAILURE() << "a call began"; });
                  });
              }),
              std::errc::operation_canceled);
    EXPECT_GT(scopes, 0);
}

TEST_P(offload_stop, leaves_waiting_scopes_in_their_place) {
    mioco::runtime rt(with_threads(1));
    flag begun;
    flag may_end;
    std::atomic<int> scopes = 0;
    mioco_test::thread releaser;
    rt.run([&] {
        mioco::spawn([&] {
            mioco::offload([&] {
                begun.raise();
                may_end.await_computing();
            });
        });
        begun.await();
        for (int i = 0; i < 3; ++i) {
            mioco::spawn([&] { mioco::block_in_place([&] { ++scopes; }); });
        }
        until_waiting(pool_here(), 3);
        rt.stop();
        auto& pool = pool_here();
        EXPECT_EQ(pool.queued(), 3U);
        releaser = mioco_test::thread([&] { may_end.raise(); });
    });
    releaser.join();
    EXPECT_EQ(scopes, 3);
}

TEST_P(offload_stop, a_destructor_may_offload_while_it_unwinds) {
    struct offloads_at_its_end {
        std::atomic<int>& count;
        ~offloads_at_its_end() {
            count += mioco::offload([] { return 1; });
        }
    };
    mioco::runtime rt(settings());
    std::atomic<int> count = 0;
    EXPECT_EQ(error_of([&] {
                  rt.run([&] {
                      for (int i = 0; i < 20; ++i) {
                          mioco::spawn([&] {
                              const offloads_at_its_end last{count};
                              mioco::sleep_for(1h);
                          });
                      }
                      for (int i = 0; i < 100; ++i) mioco::yield();
                      rt.stop();
                      mioco::sleep_for(1h);
                  });
              }),
              std::errc::operation_canceled);
    EXPECT_LE(count, 20);
}

// A stop at any moment of many calls: each was either made whole or not begun.
TEST_P(offload_stop, comes_at_any_moment) {
    for (int round = 0; round < 20; ++round) {
        mioco::runtime rt(with_threads(2).offload_queue(3));
        std::atomic<int> begun = 0;
        std::atomic<int> returned = 0;
        for (int i = 0; i < 30; ++i) {
            static_cast<void>(rt.spawn([&] {
                for (;;) {
                    mioco::offload([&] { ++begun; });
                    ++returned;
                }
            }));
        }
        while (returned < round * 5) mioco_test::yield_thread();
        rt.stop();
        rt.wait();
        EXPECT_EQ(begun, returned);
    }
}

class idle_threads : public pool {
protected:
    // Has `body` called by a pool of its own, in a fiber.
    template <class F>
    static void call(offload_pool& pool, F body) {
        offload_job job{[](void* context) noexcept { (*static_cast<F*>(context))(); }, &body};
        EXPECT_EQ(pool.run(*mioco::detail::current_fiber(), job,
                           mioco::detail::parking::cancelling::allowed),
                  offload_pool::outcome::done);
    }
};
MIOCO_ON_WORKER_COUNTS(idle_threads);

TEST_P(idle_threads, end_after_their_time_and_start_again) {
    run([] {
        offload_pool pool({4, 8, "brief", 1ms});
        for (int round = 0; round < 5; ++round) {
            std::atomic<int> inside = 0;
            std::vector<mioco::join_handle<void>> fibers;
            for (int i = 0; i < 4; ++i) {
                fibers.push_back(mioco::spawn([&] {
                    call(pool, [&] {
                        ++inside;
                        while (inside != 4) mioco_test::yield_thread();
                    });
                }));
            }
            for (auto& each : fibers) each.join();
            mioco_test::wait_for([&] { return pool.threads() == 0; });
            EXPECT_EQ(pool.idle_threads(), 0U);
        }
        pool.close();
        mioco_test::wait_for([] { return threads_named("brief-pool-").empty(); });
    });
}

TEST_P(idle_threads, that_are_about_to_end_lose_no_call) {
    run([] {
        offload_pool pool({2, 8, "brief", 50us});
        std::atomic<int> calls = 0;
        std::vector<mioco::join_handle<void>> fibers;
        for (int i = 0; i < 4; ++i) {
            fibers.push_back(mioco::spawn([&, i] {
                for (int k = 0; k < 100; ++k) {
                    call(pool, [&] { ++calls; });
                    mioco::sleep_for(std::chrono::microseconds(40 + 5 * i));
                }
            }));
        }
        for (auto& each : fibers) each.join();
        EXPECT_EQ(calls, 400);
    });
}

}  // namespace
