// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/flag.hpp"
#include "support/workers.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::beside;
using mioco_test::error_of;
using mioco_test::flag;
using mioco_test::run_in_fibers_and_threads;

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
        EXPECT_TRUE(permit.try_acquire_until(std::chrono::steady_clock::now() + 1h));
    });
}

TEST(sync_errors, a_semaphore_refuses_what_it_cannot_hold) {
    mioco::counting_semaphore<2> permits(1);
    EXPECT_EQ(error_of([&] { permits.release(2); }), std::errc::value_too_large);
    EXPECT_EQ(error_of([&] { permits.release(-1); }), std::errc::invalid_argument);
    permits.release();
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
