// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::counted;
using mioco_test::error_of;
using mioco_test::flag;
using mioco_test::signal_process;

constexpr auto cancelled = std::errc::operation_canceled;

class stop : public mioco_test::on_workers {
protected:
    std::atomic<int> living = 0;
};
MIOCO_ON_WORKER_COUNTS(stop);

TEST_P(stop, ends_endlessly_yielding_fibers) {
    mioco::runtime rt(settings());
    EXPECT_EQ(error_of([&] {
                  rt.run([&] {
                      for (int i = 0; i < 1024; ++i) {
                          mioco::spawn([c = counted(living)] {
                              for (;;) mioco::yield();
                          });
                      }
                      for (int i = 0; i < 16; ++i) mioco::yield();
                      rt.stop();
                      for (;;) mioco::yield();
                  });
              }),
              cancelled);
    EXPECT_EQ(living, 0);
}

TEST_P(stop, ends_parked_fibers) {
    mioco::runtime rt(settings());
    std::atomic<int> parked = 0;
    EXPECT_EQ(error_of([&] {
                  rt.run([&] {
                      for (int i = 0; i < 1024; ++i) {
                          mioco::spawn([&, c = counted(living)] {
                              ++parked;
                              for (;;) mioco::sleep_for(1h);
                          });
                      }
                      while (parked != 1024) mioco::yield();
                      rt.stop();
                      mioco::sleep_for(1h);
                  });
              }),
              cancelled);
    EXPECT_EQ(living, 0);
}

TEST_P(stop, ends_fibers_that_join_each_other) {
    // Each of them is stopped, whichever it notices first: that the other was, or its own cancel. So none has an error to report.
    const mioco_test::captured_stderr said;
    mioco::runtime rt(settings());
    EXPECT_EQ(error_of([&] {
                  rt.run([&] {
                      auto last = mioco::spawn([] { mioco::sleep_for(1h); });
                      for (int i = 0; i < 200; ++i) {
                          last = mioco::spawn([before = std::move(last),
                                               c = counted(living)]() mutable { before.join(); });
                      }
                      mioco::yield();
                      rt.stop();
                      last.join();
                  });
              }),
              cancelled);
    EXPECT_EQ(said.text(), "");
    EXPECT_EQ(living, 0);
}

TEST_P(stop, as_the_first_act_ends_the_run) {
    mioco::runtime rt(settings());
    EXPECT_EQ(error_of([&] {
                  rt.run([&] {
                      rt.stop();
                      mioco::sleep_for(1h);
                  });
              }),
              cancelled);
}

TEST_P(stop, destroys_closures_that_have_not_begun) {
    mioco::runtime rt(settings());
    EXPECT_EQ(error_of([&] {
                  rt.run([&] {
                      for (int i = 0; i < 16; ++i) mioco::spawn([c = counted(living)] {});
                      rt.stop();
                      mioco::sleep_for(1h);
                  });
              }),
              cancelled);
    EXPECT_EQ(living, 0);
}

TEST_P(stop, lets_destructors_of_closures_that_have_not_begun_wait) {
    struct waiting {
        std::atomic<int>& finished;
        ~waiting() {
            mioco::sleep_for(100us);
            ++finished;
        }
    };
    mioco::runtime rt(settings());
    std::atomic<int> finished = 0;
    rt.run([&] {
        rt.stop();
        for (int i = 0; i < 16; ++i) mioco::spawn([w = std::make_unique<waiting>(finished)] {});
    });
    EXPECT_EQ(finished, 16);
}

TEST_P(stop, lets_no_fiber_begin_that_is_spawned_afterwards) {
    mioco::runtime rt(settings());
    std::atomic<int> ran = 0;
    rt.run([&] {
        rt.stop();
        for (int i = 0; i < 16; ++i) mioco::spawn([&, c = counted(living)] { ++ran; });
    });
    EXPECT_EQ(ran, 0);
    EXPECT_EQ(living, 0);
}

TEST_P(stop, before_the_start_holds_for_the_next_run_and_no_longer) {
    mioco::runtime rt(settings());
    rt.stop();
    EXPECT_EQ(error_of([&] { rt.run([] { ADD_FAILURE() << "the fiber began"; }); }), cancelled);
    EXPECT_EQ(rt.run([] { return 4; }), 4);
}

// Whoever carries a stop out looks at all blocks of the process. Its fibers may have ended before that is done.
TEST_P(stop, that_is_over_reaches_no_fiber_of_the_next_run) {
    mioco::run(mioco::config{}.workers(1), [] {
        constexpr int blocks = 20'000;
        mioco::latch all(blocks);
        for (int i = 0; i < blocks; ++i) mioco::spawn([&] { all.arrive_and_wait(); });
        all.wait();
    });
    mioco::runtime rt(settings());
    for (int i = 0; i < 100; ++i) {
        rt.stop();
        EXPECT_EQ(error_of([&] { rt.run([] {}); }), cancelled);
        EXPECT_EQ(rt.run([] {
            for (int n = 0; n < 200; ++n) mioco::yield();
            return 4;
        }),
                  4);
    }
}

TEST_P(stop, comes_from_a_plain_thread) {
    mioco::runtime rt(settings());
    flag running;
    mioco_test::thread stopper([&] {
        running.await();
        rt.stop();
    });
    EXPECT_EQ(error_of([&] {
                  rt.run([&] {
                      running.raise();
                      mioco::sleep_for(1h);
                  });
              }),
              cancelled);
    stopper.join();
}

TEST_P(stop, twice_is_once) {
    mioco::runtime rt(settings());
    EXPECT_EQ(error_of([&] {
                  rt.run([&] {
                      rt.stop();
                      rt.stop();
                      for (;;) mioco::yield();
                  });
              }),
              cancelled);
}

mioco::runtime* stopped_by_the_signal = nullptr;

TEST_P(stop, comes_from_a_signal_handler) {
    for (int round = 0; round < 10; ++round) {
        mioco::runtime rt(settings());
        stopped_by_the_signal = &rt;
        struct sigaction action{};
        struct sigaction before{};
        action.sa_handler = [](int) { stopped_by_the_signal->stop(); };
        sigaction(SIGUSR1, &action, &before);
        EXPECT_EQ(error_of([&] {
                      rt.run([&] {
                          for (int i = 0; i < 10; ++i) mioco::spawn([] { mioco::sleep_for(1h); });
                          mioco::spawn([] { signal_process(SIGUSR1); });
                          for (;;) mioco::yield();
                      });
                  }),
                  cancelled);
        sigaction(SIGUSR1, &before, nullptr);
    }
}

TEST_P(stop, is_of_one_runtime_alone) {
    mioco::runtime other(settings());
    flag go;
    auto untouched = other.spawn([&] {
        go.await();
        mioco::sleep_for(1us);
        return 6;
    });
    mioco::runtime rt(settings());
    EXPECT_EQ(error_of([&] {
                  rt.run([&] {
                      rt.stop();
                      for (;;) mioco::yield();
                  });
              }),
              cancelled);
    go.raise();
    EXPECT_EQ(untouched.join(), 6);
}

TEST_P(stop, is_seen_again_by_who_swallows_it) {
    mioco::runtime rt(settings());
    int swallowed = 0;
    EXPECT_EQ(error_of([&] {
                  rt.run([&] {
                      rt.stop();
                      while (swallowed < 5) {
                          try {
                              mioco::sleep_for(1h);
                          } catch (const std::exception&) {
                              ADD_FAILURE() << "fiber_cancelled is no std::exception";
                          } catch (...) {
                              ++swallowed;
                          }
                      }
                      mioco::yield();
                      ADD_FAILURE() << "yield is a cancellation point";
                  });
              }),
              cancelled);
    EXPECT_EQ(swallowed, 5);
}

TEST_P(stop, swallowed_for_good_lets_the_fiber_return) {
    mioco::runtime rt(settings());
    EXPECT_EQ(rt.run([&] {
        rt.stop();
        try {
            mioco::sleep_for(1h);
        } catch (const mioco::fiber_cancelled&) {
            return 8;
        }
        return 0;
    }),
              8);
}

TEST_P(stop, lets_destructors_wait) {
    struct waiting {
        std::atomic<int>& finished;
        ~waiting() {
            mioco::sleep_for(100us);
            mioco::yield();
            mioco::sleep_for(100us);
            ++finished;
        }
    };
    mioco::runtime rt(settings());
    std::atomic<int> finished = 0;
    std::atomic<int> started = 0;
    EXPECT_EQ(error_of([&] {
                  rt.run([&] {
                      for (int i = 0; i < 50; ++i) {
                          mioco::spawn([&] {
                              const waiting first{finished};
                              const waiting second{finished};
                              ++started;
                              mioco::sleep_for(1h);
                          });
                      }
                      while (started != 50) mioco::yield();
                      rt.stop();
                      mioco::sleep_for(1h);
                  });
              }),
              cancelled);
    EXPECT_EQ(finished, 100);
}

TEST_P(stop, unwinds_nested_frames_in_order) {
    mioco::runtime rt(settings());
    std::string order;
    struct frame {
        std::string& order;
        char name;
        ~frame() { order += name; }
    };
    EXPECT_EQ(error_of([&] {
                  rt.run([&] {
                      const frame outer{order, 'o'};
                      try {
                          const frame inner{order, 'i'};
                          rt.stop();
                          mioco::sleep_for(1h);
                      } catch (...) {
                          order += 'c';
                          throw;
                      }
                  });
              }),
              cancelled);
    EXPECT_EQ(order, "ico");
}

TEST_P(stop, leaves_the_handle_of_an_interrupted_join_as_it_was) {
    mioco::runtime other(settings());
    mioco::runtime rt(settings());
    flag may_end;
    auto kept = other.spawn([&] {
        may_end.await();
        return 12;
    });
    flag joins;
    mioco_test::thread stopper([&] {
        joins.await();
        rt.stop();
    });
    EXPECT_EQ(error_of([&] {
                  rt.run([&] {
                      joins.raise();
                      kept.join();
                  });
              }),
              cancelled);
    stopper.join();
    EXPECT_TRUE(kept.joinable());
    may_end.raise();
    EXPECT_EQ(kept.join(), 12);
}

TEST_P(stop, does_not_take_back_what_a_join_would_give_at_once) {
    mioco::runtime rt(settings());
    EXPECT_EQ(rt.run([&] {
        auto ended = mioco::spawn([] { return 3; });
        while (!ended.done()) mioco::yield();
        rt.stop();
        return ended.join();
    }),
              3);
}

TEST_P(stop, ends_a_nested_run_through_its_callers_unwinding) {
    mioco::runtime rt(settings());
    EXPECT_EQ(error_of([&] {
                  rt.run([&] {
                      mioco::runtime inner(settings());
                      inner.spawn([c = counted(living)] { mioco::sleep_for(1h); });
                      rt.stop();
                      inner.wait();
                      ADD_FAILURE() << "the inner runtime's fiber sleeps for an hour";
                  });
              }),
              cancelled);
    EXPECT_EQ(living, 0);
}

TEST_P(stop, while_threads_spawn_reaches_everybody) {
    for (int round = 0; round < 10; ++round) {
        mioco::runtime rt(settings());
        flag end;
        std::vector<mioco_test::thread> threads;
        for (int t = 0; t < 2; ++t) {
            threads.emplace_back([&] {
                while (!end.is_raised()) {
                    rt.spawn([c = counted(living)] {
                        for (;;) mioco::sleep_for(1h);
                    });
                    mioco_test::yield_thread();
                }
            });
        }
        for (int i = 0; i < 5; ++i) {
            mioco_test::yield_thread();
            rt.stop();
        }
        end.raise();
        for (auto& each : threads) each.join();
        rt.stop();
        rt.wait();
        EXPECT_EQ(living, 0);
    }
}

}  // namespace
