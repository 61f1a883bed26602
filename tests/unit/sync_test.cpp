// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <limits>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/flag.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::beside;
using mioco_test::error_of;
using mioco_test::flag;
using mioco_test::message_of;
using mioco_test::run_in_fibers_and_threads;

constexpr std::ptrdiff_t least = std::numeric_limits<std::ptrdiff_t>::min();
constexpr std::ptrdiff_t most = std::numeric_limits<std::ptrdiff_t>::max();

// Whether the error of `f` tells these numbers.
template <class F>
bool names(F&& f, std::initializer_list<std::ptrdiff_t> numbers) {
    const std::string message = message_of(f);
    const auto is_told = [&](std::ptrdiff_t each) {
        return message.find(std::to_string(each)) != std::string::npos;
    };
    return std::ranges::all_of(numbers, is_told);
}

class sync : public mioco_test::on_workers {
protected:
    template <class F>
    static void inside_and_outside(F&& f) {
        run(f);
        f();
    }
};
MIOCO_ON_WORKER_COUNTS(sync);

TEST_P(sync, a_semaphore_lets_so_many_in) {
    run([] {
        mioco::counting_semaphore<3> permits(3);
        std::atomic<int> inside{0};
        std::vector<mioco::join_handle<void>> all;
        for (int i = 0; i < 20; ++i) {
            all.push_back(mioco::spawn([&] {
                for (int n = 0; n < 20; ++n) {
                    permits.acquire();
                    EXPECT_LE(++inside, 3);
                    mioco::yield();
                    --inside;
                    permits.release();
                }
            }));
        }
        for (auto& each : all) each.join();
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(permits.try_acquire());
        EXPECT_FALSE(permits.try_acquire());
    });
}

TEST_P(sync, a_semaphore_has_deadlines_and_is_a_case) {
    inside_and_outside([] {
        mioco::binary_semaphore permit(0);
        EXPECT_FALSE(permit.try_acquire_for(1ms));
        EXPECT_EQ(mioco::select(permit.acquiring(), mioco::after(1ms)).index(), 1U);
        beside giving([&] { permit.release(); });
        EXPECT_EQ(mioco::select(permit.acquiring(), mioco::after(1h)).index(), 0U);
        giving.join();
        EXPECT_FALSE(permit.try_acquire());
        permit.release();
        EXPECT_TRUE(permit.try_acquire_until(mioco_test::now() + 1h));
    });
}

TEST(sync_errors, a_semaphore_refuses_what_it_cannot_hold) {
    mioco::counting_semaphore<2> permits(1);
    EXPECT_EQ(error_of([&] { permits.release(2); }), std::errc::value_too_large);
    EXPECT_EQ(error_of([&] { permits.release(-1); }), std::errc::invalid_argument);
    permits.release();
    EXPECT_EQ(error_of([&] { permits.release(most); }), std::errc::value_too_large);
    EXPECT_TRUE(names([&] { permits.release(most); }, {most, 2}));
    EXPECT_TRUE(names([&] { permits.release(least); }, {least}));
    for (const std::ptrdiff_t wrong : {least, std::ptrdiff_t{-1}, std::ptrdiff_t{3}, most}) {
        EXPECT_EQ(error_of([&] { mioco::counting_semaphore<2> made(wrong); }),
                  std::errc::invalid_argument);
        EXPECT_TRUE(names([&] { mioco::counting_semaphore<2> made(wrong); }, {wrong, 2}));
    }
    mioco::counting_semaphore<> full(most);
    EXPECT_EQ(error_of([&] { full.release(); }), std::errc::value_too_large);
}

TEST(sync_errors, a_latch_refuses_what_it_cannot_count) {
    mioco::latch opening(2);
    for (const std::ptrdiff_t wrong : {least, std::ptrdiff_t{-1}, std::ptrdiff_t{3}, most}) {
        EXPECT_EQ(error_of([&] { opening.count_down(wrong); }), std::errc::invalid_argument);
        EXPECT_TRUE(names([&] { opening.count_down(wrong); }, {wrong, 2}));
        EXPECT_EQ(error_of([&] { opening.arrive_and_wait(wrong); }), std::errc::invalid_argument);
    }
    opening.count_down(0);
    EXPECT_FALSE(opening.try_wait());
    opening.count_down(2);
    opening.wait();
    EXPECT_EQ(error_of([&] { opening.count_down(); }), std::errc::invalid_argument);
    EXPECT_EQ(error_of([] { mioco::latch made(-1); }), std::errc::invalid_argument);
    EXPECT_TRUE(names([] { mioco::latch made(-1); }, {-1}));
    mioco::latch far(most);
    far.count_down(most);
    EXPECT_TRUE(far.try_wait());
}

TEST(sync_errors, a_barrier_refuses_more_than_it_expects) {
    mioco::barrier meeting(2);
    for (const std::ptrdiff_t wrong :
         {least, std::ptrdiff_t{-1}, std::ptrdiff_t{0}, std::ptrdiff_t{3}, most}) {
        EXPECT_EQ(error_of([&] { static_cast<void>(meeting.arrive(wrong)); }),
                  std::errc::invalid_argument);
        EXPECT_TRUE(names([&] { static_cast<void>(meeting.arrive(wrong)); }, {wrong, 2}));
    }
    auto first = meeting.arrive();
    meeting.arrive_and_drop();
    meeting.wait(std::move(first));
    meeting.arrive_and_wait();
    meeting.arrive_and_drop();
    EXPECT_EQ(error_of([&] { meeting.arrive_and_wait(); }), std::errc::invalid_argument);
    EXPECT_EQ(error_of([&] { meeting.arrive_and_drop(); }), std::errc::invalid_argument);
    EXPECT_EQ(error_of([] { mioco::barrier made(-1); }), std::errc::invalid_argument);
    EXPECT_TRUE(names([] { mioco::barrier made(-1); }, {-1}));
}

TEST(sync_errors, one_is_no_plural_and_none_no_range) {
    mioco::counting_semaphore<1> permit(1);
    EXPECT_TRUE(
        message_of([&] {
            permit.release();
        }).starts_with("mioco: a semaphore that has 1 permit is given 1: its maximum is 1: "));
    EXPECT_TRUE(message_of([&] {
                    permit.release(-2);
                }).starts_with("mioco: a semaphore is given -2 permits: that cannot be less"));
    mioco::latch open(0);
    EXPECT_TRUE(message_of([&] {
                    open.count_down();
                }).starts_with("mioco: latch::count_down(1) with 0 left: allowed is 0: "));
    mioco::barrier nobody(0);
    EXPECT_TRUE(message_of([&] { static_cast<void>(nobody.arrive()); })
                    .starts_with("mioco: barrier::arrive(1) with 0 still expected in this phase: "
                                 "nobody may arrive: "));
}

TEST(sync_errors, a_barrier_refuses_who_comes_while_its_phase_ends) {
    mioco::barrier<std::function<void()>>* ending = nullptr;
    std::errc refused{};
    mioco::barrier<std::function<void()>> meeting(
        1, [&] { refused = error_of([&] { static_cast<void>(ending->arrive()); }); });
    ending = &meeting;
    meeting.arrive_and_wait();
    EXPECT_EQ(refused, std::errc::invalid_argument);
    meeting.arrive_and_wait();
}

TEST(sync_errors, a_wait_group_refuses_what_it_cannot_count) {
    mioco::wait_group work(2);
    for (const std::ptrdiff_t wrong : {least, std::ptrdiff_t{-3}}) {
        EXPECT_EQ(error_of([&] { work.add(wrong); }), std::errc::invalid_argument);
        EXPECT_TRUE(names([&] { work.add(wrong); }, {wrong, 2}));
    }
    EXPECT_EQ(error_of([&] { work.add(most - 1); }), std::errc::value_too_large);
    EXPECT_TRUE(names([&] { work.add(most - 1); }, {most - 1, 2}));
    EXPECT_EQ(work.count(), 2);
    work.add(most - 2);
    EXPECT_EQ(error_of([&] { work.add(); }), std::errc::value_too_large);
    work.add(-most);
    work.wait();
    EXPECT_EQ(error_of([] { mioco::wait_group made(-1); }), std::errc::invalid_argument);
}

TEST(sync_errors, to_wait_changes_neither_latch_nor_barrier) {
    mioco::latch opening(1);
    const mioco::latch& seen = opening;
    EXPECT_FALSE(seen.try_wait());
    EXPECT_EQ(mioco::select(seen.opening(), mioco::otherwise).index(), 1U);
    opening.count_down();
    EXPECT_TRUE(seen.try_wait());
    EXPECT_EQ(mioco::select(seen.opening(), mioco::otherwise).index(), 0U);
    seen.wait();
    mioco::barrier meeting(1);
    const auto& met = meeting;
    met.wait(meeting.arrive());
    mioco::wait_group work;
    const mioco::wait_group& looked_at = work;
    EXPECT_EQ(looked_at.count(), 0);
    EXPECT_TRUE(looked_at.wait_for(1h));
    EXPECT_EQ(mioco::select(looked_at.waiting(), mioco::otherwise).index(), 0U);
    looked_at.wait();
}

TEST_P(sync, a_latch_opens_when_all_have_come) {
    inside_and_outside([] {
        mioco::latch all_there(4);
        std::atomic<int> come{0};
        std::vector<std::unique_ptr<beside>> others;
        for (int i = 0; i < 3; ++i) {
            others.push_back(std::make_unique<beside>([&] {
                ++come;
                all_there.arrive_and_wait();
                EXPECT_EQ(come, 4);
            }));
        }
        EXPECT_FALSE(all_there.try_wait());
        ++come;
        all_there.count_down();
        EXPECT_EQ(mioco::select(all_there.opening(), mioco::after(1h)).index(), 0U);
        all_there.wait();
        EXPECT_TRUE(all_there.try_wait());
        for (auto& each : others) each->join();
    });
}

TEST_P(sync, a_latch_may_go_as_soon_as_it_has_opened) {
    run([] {
        for (int i = 0; i < 500; ++i) {
            auto gone = std::make_unique<mioco::latch>(1);
            auto opening = mioco::spawn([&latch = *gone] { latch.count_down(); });
            gone->wait();
            gone.reset();
            opening.join();
        }
    });
}

TEST_P(sync, a_barrier_ends_phase_after_phase) {
    run([] {
        constexpr int members = 5;
        std::atomic<int> come{0};
        int phases = 0;
        mioco::barrier meeting(members, [&]() noexcept { EXPECT_EQ(come, members * ++phases); });
        std::vector<mioco::join_handle<void>> all;
        for (int i = 0; i < members; ++i) {
            all.push_back(mioco::spawn([&] {
                for (int phase = 1; phase <= 20; ++phase) {
                    ++come;
                    meeting.arrive_and_wait();
                    EXPECT_GE(come, members * phase);
                }
            }));
        }
        for (auto& each : all) each.join();
        EXPECT_EQ(phases, 20);
    });
}

TEST_P(sync, a_barrier_expects_fewer_after_a_drop) {
    run([] {
        std::atomic<int> phases{0};
        mioco::barrier meeting(2, [&]() noexcept { ++phases; });
        auto leaving = mioco::spawn([&] { meeting.arrive_and_drop(); });
        meeting.arrive_and_wait();
        EXPECT_EQ(phases, 1);
        meeting.arrive_and_wait();
        auto token = meeting.arrive();
        meeting.wait(std::move(token));
        EXPECT_EQ(phases, 3);
        leaving.join();
    });
}

TEST_P(sync, a_wait_group_waits_for_all_that_was_added) {
    run([] {
        mioco::wait_group work;
        std::atomic<int> done{0};
        work.wait();
        for (int round = 1; round <= 3; ++round) {
            for (int i = 0; i < 10; ++i) {
                work.add();
                mioco::spawn([&] {
                    mioco::yield();
                    ++done;
                    work.done();
                });
            }
            EXPECT_TRUE(work.wait_for(1h));
            EXPECT_EQ(done, 10 * round);
        }
        work.add();
        EXPECT_FALSE(work.wait_for(1ms));
        EXPECT_EQ(mioco::select(work.waiting(), mioco::after(1ms)).index(), 1U);
        work.done();
        EXPECT_EQ(error_of([&] { work.done(); }), std::errc::invalid_argument);
    });
}

TEST(sync_of_both, a_semaphore_lets_so_many_fibers_and_threads_in) {
    mioco::counting_semaphore<2> permits(2);
    std::atomic<int> inside{0};
    run_in_fibers_and_threads(2, 8, 4, [&] {
        for (int i = 0; i < 200; ++i) {
            permits.acquire();
            EXPECT_LE(++inside, 2);
            if (i % 8 == 0) mioco::yield();
            --inside;
            permits.release();
        }
    });
    EXPECT_TRUE(permits.try_acquire() && permits.try_acquire() && !permits.try_acquire());
}

TEST(sync_of_both, a_barrier_is_for_fibers_and_threads) {
    constexpr int members = 6;
    std::atomic<int> come{0};
    int phases = 0;
    mioco::barrier meeting(members, [&]() noexcept { EXPECT_EQ(come, members * ++phases); });
    run_in_fibers_and_threads(2, members - 2, 2, [&] {
        for (int phase = 1; phase <= 50; ++phase) {
            ++come;
            meeting.arrive_and_wait();
            EXPECT_GE(come, members * phase);
        }
    });
    EXPECT_EQ(phases, 50);
}

TEST(sync_of_both, fibers_and_threads_wait_for_work_of_both) {
    mioco::wait_group work(12);
    std::atomic<int> done{0};
    run_in_fibers_and_threads(2, 8, 4, [&] {
        mioco::sleep_for(1ms);
        ++done;
        work.done();
        work.wait();
        EXPECT_EQ(done, 12);
    });
}

TEST_P(sync, an_event_stays_raised_until_it_is_reset) {
    inside_and_outside([] {
        mioco::event news;
        EXPECT_FALSE(news.try_wait());
        EXPECT_FALSE(news.wait_for(1ms));
        beside telling([&] {
            news.notify();
            news.notify();
        });
        news.wait();
        telling.join();
        news.wait();
        EXPECT_EQ(mioco::select(news.waiting(), mioco::after(1h)).index(), 0U);
        EXPECT_TRUE(news.try_wait());
        EXPECT_FALSE(news.try_wait());
        news.notify();
        news.reset();
        EXPECT_EQ(mioco::select(news.waiting(), mioco::after(1ms)).index(), 1U);
    });
}

TEST_P(sync, a_barrier_ends_its_phase_though_the_completion_throws) {
    run([] {
        int phases = 0;
        mioco::barrier meeting(2, [&] {
            if (++phases == 1) throw std::runtime_error("completion");
        });
        int thrown = 0;
        std::mutex counting;
        const auto come = [&] {
            try {
                meeting.arrive_and_wait();
            } catch (const std::runtime_error&) {
                const std::scoped_lock held(counting);
                ++thrown;
            }
            meeting.arrive_and_wait();
        };
        beside other(come);
        come();
        other.join();
        EXPECT_EQ(thrown, 1);
        EXPECT_EQ(phases, 2);
    });
}

TEST(sync_order, who_looks_at_a_latch_again_and_again_lets_others_run) {
    mioco::run(mioco::config{}.workers(1), [] {
        mioco::latch opening(1);
        auto looking = mioco::spawn([&] {
            while (!opening.try_wait()) continue;
        });
        mioco::yield();
        opening.count_down();
        looking.join();
    });
}

TEST(sync_order, who_counts_a_group_again_and_again_lets_others_run) {
    mioco::run(mioco::config{}.workers(1), [] {
        mioco::wait_group work(1);
        mioco::spawn([&] { work.done(); });
        while (work.count() != 0) {
        }
    });
}

TEST(sync_order, who_asks_again_and_again_whether_a_fiber_is_done_lets_it_run) {
    mioco::run(mioco::config{}.workers(1), [] {
        const auto other = mioco::spawn([] {});
        while (!other.done()) {
        }
    });
}

}  // namespace
