// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/workers.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::captured_stderr;
using mioco_test::counted;
using mioco_test::error_of;
using mioco_test::flag;
using mioco_test::message_of;

constexpr auto cancelled = std::errc::operation_canceled;
constexpr auto timed_out = std::errc::timed_out;

class scopes : public mioco_test::on_workers {
protected:
    std::atomic<int> living = 0;
};
MIOCO_ON_WORKER_COUNTS(scopes);

TEST_P(scopes, wait_for_all_their_fibers) {
    run([&] {
        std::vector<int> squares(100);
        mioco::scope all;
        for (int& each : squares) {
            all.spawn([&, i = &each - squares.data()] {
                mioco::sleep_for(1us);
                each = static_cast<int>(i * i);
            });
        }
        all.wait();
        for (int i = 0; i < 100; ++i) EXPECT_EQ(squares[static_cast<std::size_t>(i)], i * i);
        all.spawn([&] { squares[0] = 7; });
        all.wait();
        EXPECT_EQ(squares[0], 7);
    });
}

TEST_P(scopes, wait_in_their_destructor) {
    run([&] {
        int done = 0;
        {
            mioco::scope all;
            all.spawn([&] {
                mioco::sleep_for(1ms);
                ++done;
            });
        }
        EXPECT_EQ(done, 1);
    });
}

TEST_P(scopes, rethrow_the_first_exception_when_all_have_ended) {
    run([&] {
        mioco::scope all;
        for (int i = 0; i < 10; ++i) {
            all.spawn([&, c = counted(living)] { mioco::sleep_for(1h); });
        }
        all.spawn([] { throw std::runtime_error("first"); });
        EXPECT_EQ(message_of([&] { all.wait(); }), "first");
        EXPECT_EQ(living, 0);
        EXPECT_NO_THROW(all.wait());
    });
}

TEST_P(scopes, cancel_their_fibers_when_the_block_is_left_by_an_exception) {
    run([&] {
        EXPECT_THROW(
            {
                mioco::scope all;
                all.spawn([&, c = counted(living)] { mioco::sleep_for(1h); });
                throw std::runtime_error("x");
            },
            std::runtime_error);
        EXPECT_EQ(living, 0);
    });
}

TEST_P(scopes, may_be_cancelled) {
    run([&] {
        mioco::scope all;
        for (int i = 0; i < 100; ++i) all.spawn([&, c = counted(living)] { mioco::sleep_for(1h); });
        all.cancel();
        all.spawn([&, c = counted(living)] { mioco::sleep_for(1h); });
        EXPECT_NO_THROW(all.wait());
        EXPECT_EQ(living, 0);
        bool ran = false;
        all.spawn([&] { ran = true; });
        all.wait();
        EXPECT_TRUE(ran);
    });
}

TEST_P(scopes, that_a_fiber_of_theirs_cancels_leave_that_one_to_the_next_cancel) {
    run([&] {
        flag is_member;
        flag has_cancelled;
        auto owner = mioco::spawn([&] {
            mioco::scope all;
            all.spawn([&, c = counted(living)] {
                is_member.await();
                all.cancel();
                has_cancelled.raise();
                mioco::sleep_for(1h);
            });
            is_member.raise();
            all.wait();
        });
        has_cancelled.await();
        owner.cancel();
        EXPECT_EQ(error_of([&] { owner.join(); }), cancelled);
        EXPECT_EQ(living, 0);
    });
}

TEST_P(scopes, are_cancelled_with_their_owner) {
    run([&] {
        flag waits;
        auto owner = mioco::spawn([&] {
            mioco::scope all;
            all.spawn([&, c = counted(living)] { mioco::sleep_for(1h); });
            waits.raise();
            all.wait();
        });
        waits.await();
        owner.cancel();
        EXPECT_EQ(error_of([&] { owner.join(); }), cancelled);
        EXPECT_EQ(living, 0);
    });
}

TEST_P(scopes, are_cancelled_with_their_owner_that_is_in_the_destructor) {
    run([&] {
        flag spawned;
        auto owner = mioco::spawn([&] {
            {
                mioco::scope all;
                all.spawn([&, c = counted(living)] { mioco::sleep_for(1h); });
                spawned.raise();
            }
            mioco::yield();
        });
        spawned.await();
        owner.cancel();
        EXPECT_EQ(error_of([&] { owner.join(); }), cancelled);
        EXPECT_EQ(living, 0);
    });
}

TEST_P(scopes, end_at_their_owners_deadline) {
    run([&] {
        EXPECT_EQ(error_of([&] {
                      mioco::with_deadline(1ms, [&] {
                          mioco::scope all;
                          all.spawn([&, c = counted(living)] { mioco::sleep_for(1h); });
                          all.wait();
                      });
                  }),
                  timed_out);
        EXPECT_EQ(living, 0);
    });
}

TEST_P(scopes, keep_to_their_limit) {
    run([&] {
        std::atomic<int> most = 0;
        mioco::scope some(3);
        for (int i = 0; i < 50; ++i) {
            some.spawn([&, c = counted(living)] {
                const int now = ++most;
                EXPECT_LE(now, 3);
                mioco::yield();
                --most;
            });
        }
        some.wait();
        EXPECT_EQ(living, 0);
    });
}

TEST_P(scopes, give_room_back_when_a_fiber_has_failed) {
    run([&] {
        mioco::scope one(1, mioco::on_failure::contain);
        const captured_stderr output;
        for (int i = 0; i < 3; ++i) one.spawn([] { throw std::runtime_error("contained"); });
        one.wait();
        EXPECT_NE(output.text().find("contained"), std::string::npos);
    });
}

TEST_P(scopes, that_contain_failures_cancel_nobody) {
    run([&] {
        bool done = false;
        const captured_stderr output;
        mioco::scope all(0, mioco::on_failure::contain);
        all.spawn([] { throw std::runtime_error("x"); });
        all.spawn([&] {
            mioco::sleep_for(1ms);
            done = true;
        });
        EXPECT_NO_THROW(all.wait());
        EXPECT_TRUE(done);
    });
}

TEST_P(scopes, that_nobody_waited_for_report_their_exception) {
    const captured_stderr output;
    run([] {
        mioco::scope all;
        all.spawn([] { throw std::runtime_error("unseen"); });
    });
    EXPECT_NE(output.text().find("unseen"), std::string::npos);
}

TEST_P(scopes, may_be_spawned_into_by_their_fibers) {
    run([&] {
        std::atomic<int> ran = 0;
        mioco::scope all;
        struct tree {
            mioco::scope& all;
            std::atomic<int>& ran;
            void grow(int depth) const {
                ++ran;
                if (depth == 0) return;
                for (int i = 0; i < 2; ++i) all.spawn([this, depth] { grow(depth - 1); });
            }
        };
        const tree whole{all, ran};
        whole.grow(8);
        all.wait();
        EXPECT_EQ(ran, 511);
    });
}

TEST_P(scopes, forget_what_has_ended) {
    run([&] {
        mioco::scope all;
        for (int i = 0; i < 10000; ++i) {
            all.spawn([c = counted(living)] {});
            if (i % 10 == 0) mioco::yield();
        }
        all.wait();
        EXPECT_EQ(living, 0);
    });
}

TEST_P(scopes, destroy_what_was_captured_before_they_are_left) {
    run([&] {
        for (int round = 0; round < 100; ++round) {
            bool alive = true;
            struct looks {
                bool* at;
                explicit looks(bool& it) : at(&it) {}
                looks(looks&& other) noexcept : at(std::exchange(other.at, nullptr)) {}
                looks& operator=(looks&&) = delete;
                ~looks() { EXPECT_TRUE(at == nullptr || *at); }
            };
            {
                mioco::scope all;
                for (int i = 0; i < 3; ++i) all.spawn([last = looks(alive)] {});
                all.cancel();
            }
            alive = false;
        }
    });
}

TEST_P(scopes, fork_for_results) {
    run([&] {
        mioco::scope all;
        auto seven = all.fork([] { return 7; });
        auto text = all.fork([](const std::string& a) { return a + "b"; }, std::string("a"));
        auto nothing = all.fork([] {});
        int number = 1;
        auto reference = all.fork([&]() -> int& { return number; });
        auto only_movable = all.fork([] { return std::make_unique<int>(3); });
        EXPECT_EQ(seven.join(), 7);
        EXPECT_EQ(text.join(), "ab");
        nothing.join();
        EXPECT_EQ(&reference.join(), &number);
        all.wait();
        EXPECT_EQ(*only_movable.join(), 3);
        EXPECT_EQ(error_of([&] { seven.join(); }), std::errc::invalid_argument);
    });
}

TEST_P(scopes, fork_gives_failures_to_both) {
    run([&] {
        mioco::scope all;
        auto fails = all.fork([]() -> int { throw std::runtime_error("both"); });
        auto waits = all.fork([] {
            mioco::sleep_for(1h);
            return 1;
        });
        EXPECT_EQ(message_of([&] { fails.join(); }), "both");
        EXPECT_EQ(error_of([&] { waits.join(); }), cancelled);
        EXPECT_EQ(message_of([&] { all.wait(); }), "both");
    });
}

TEST_P(scopes, race_until_the_first_has_ended) {
    run([&] {
        const int first = mioco::race(
            [&] {
                const counted here(living);
                mioco::sleep_for(1h);
                return 1;
            },
            [] { return 2; });
        EXPECT_EQ(first, 2);
        EXPECT_EQ(living, 0);
        const auto either = mioco::race([] { return std::string("text"); },
                                        [] {
                                            mioco::sleep_for(1h);
                                            return 1;
                                        },
                                        [] { mioco::sleep_for(1h); });
        ASSERT_EQ(either.index(), 0U);
        EXPECT_EQ(std::get<0>(either), "text");
        EXPECT_NO_THROW(mioco::race([] {}, [] { mioco::sleep_for(1h); }));
        EXPECT_EQ(message_of([] {
                      mioco::race([] { throw std::runtime_error("lost"); },
                                  [] { mioco::sleep_for(1h); });
                  }),
                  "lost");
    });
}

TEST_P(scopes, race_is_left_by_a_cancel) {
    run([&] {
        flag begun;
        auto owner = mioco::spawn([&] {
            mioco::race(
                [&] {
                    const counted here(living);
                    begun.raise();
                    mioco::sleep_for(1h);
                },
                [] { mioco::sleep_for(1h); });
        });
        begun.await();
        owner.cancel();
        EXPECT_EQ(error_of([&] { owner.join(); }), cancelled);
        EXPECT_EQ(living, 0);
    });
}

TEST_P(scopes, all_gives_each_result) {
    run([&] {
        const auto [one, text, nothing] =
            mioco::all([] { return 1; }, [] { return std::string("x"); }, [] {});
        EXPECT_EQ(one, 1);
        EXPECT_EQ(text, "x");
        EXPECT_EQ(nothing, std::monostate());
        EXPECT_EQ(message_of([] {
                      mioco::all([] { throw std::runtime_error("one"); },
                                 [] { mioco::sleep_for(1h); });
                  }),
                  "one");
    });
}

TEST_P(scopes, parallel_for_each_takes_each_element) {
    run([&] {
        std::vector<int> numbers(50, 1);
        std::atomic<int> at_once = 0;
        mioco::parallel_for_each(numbers, 4, [&](int& each) {
            EXPECT_LE(++at_once, 4);
            mioco::yield();
            ++each;
            --at_once;
        });
        EXPECT_EQ(numbers, std::vector<int>(50, 2));
        std::atomic<int> sum = 0;
        mioco::parallel_for_each(std::views::iota(0, 10), 0, [&](int each) { sum += each; });
        EXPECT_EQ(sum, 45);
        EXPECT_EQ(message_of([&] {
                      mioco::parallel_for_each(numbers, 2,
                                               [](int) { throw std::runtime_error("each"); });
                  }),
                  "each");
    });
}

TEST(scope_on_a_thread, uses_the_default_runtime) {
    int done = 0;
    mioco::scope all;
    all.spawn([&] { done = 1; });
    all.wait();
    EXPECT_EQ(done, 1);
}

TEST_P(scopes, end_while_their_fibers_fail_and_spawn_and_are_cancelled) {
    run([&] {
        for (int round = 0; round < 100; ++round) {
            std::string said;
            try {
                mioco::scope all(5);
                for (int i = 0; i < 20; ++i) {
                    all.spawn([&, i, c = counted(living)] {
                        mioco::sleep_for(std::chrono::microseconds(i * 7 % 11));
                        if (i == round % 20) throw std::runtime_error("round");
                        mioco::yield();
                    });
                }
                all.wait();
            } catch (const std::runtime_error& e) {
                said = e.what();
            }
            EXPECT_EQ(said, "round");
            EXPECT_EQ(living, 0);
        }
    });
}

}  // namespace
