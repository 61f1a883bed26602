// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/scripted_scheduler.hpp"
#include "support/world.hpp"

// Schedulers about the time when their runtime has no fibers.

namespace {

using namespace std::chrono_literals;
using mioco_test::captured_stderr;
using mioco_test::flag;
using mioco_test::schedule_script;
using mioco_test::scheduler_of;

class second_worker_ticks : public mioco::scheduler {
public:
    second_worker_ticks(unsigned number, std::function<void()> tick)
        : number_(number), tick_(std::move(tick)) {}
    void spawned(mioco::ready_fiber f) override { f.place_on(0); }
    void ready(mioco::ready_fiber f) override { f.resume(); }
    void tick() override {
        if (number_ == 1) tick_();
    }
    [[nodiscard]] std::optional<std::chrono::nanoseconds> timeout() override { return 1ms; }

private:
    unsigned number_;
    std::function<void()> tick_;
};

// Also when it goes to a worker that is about to go, as there is nothing to do.
TEST(resting_schedulers, get_what_they_spawn_while_the_last_fiber_ends) {
    flag may_spawn;
    flag in_tick;
    std::atomic<bool> ran{false};
    const auto tick = [&] {
        if (in_tick.is_raised()) return;
        in_tick.raise();
        may_spawn.await_computing();
        mioco_test::block_for(20ms);
        mioco::spawn([&] { ran = true; }).detach();
    };
    mioco::runtime rt(mioco::config{}.workers(2).scheduler([&](const mioco::worker_place& at) {
        return std::make_unique<second_worker_ticks>(at.number, tick);
    }));
    rt.run([&] {
        while (!in_tick.is_raised()) mioco::sleep_for(1ms);
        may_spawn.raise();
    });
    EXPECT_TRUE(ran);
}

TEST(resting_schedulers, get_what_they_spawn_while_the_runtime_is_destroyed) {
    flag may_spawn;
    flag in_tick;
    mioco::join_handle<void> handle;
    const auto tick = [&] {
        if (in_tick.is_raised()) return;
        in_tick.raise();
        may_spawn.await_computing();
        mioco_test::block_for(20ms);
        handle = mioco::spawn([] {});
    };
    {
        mioco::runtime rt(mioco::config{}.workers(2).scheduler([&](const mioco::worker_place& at) {
            return std::make_unique<second_worker_ticks>(at.number, tick);
        }));
        rt.spawn([&] {
              while (!in_tick.is_raised()) mioco::sleep_for(1ms);
              may_spawn.raise();
          }).join();
    }
    EXPECT_TRUE(handle.done());
}

// The second worker's scheduler is told of the last fiber, gives it away, and spawns when it has ended.
class gives_away_and_spawns : public mioco::scheduler {
public:
    gives_away_and_spawns(unsigned number, const flag& ended, std::atomic<bool>& ran)
        : number_(number), ended_(ended), ran_(ran) {}
    void spawned(mioco::ready_fiber f) override { f.place_on(number_ == 0 ? 1 : 0); }
    void ready(mioco::ready_fiber f) override {
        if (number_ == 0) return f.resume();
        f.place_on(0);
        ended_.await_computing();
        mioco_test::block_for(20ms);
        mioco::spawn([&ran = ran_] { ran = true; }).detach();
    }

private:
    unsigned number_;
    const flag& ended_;
    std::atomic<bool>& ran_;
};

TEST(resting_schedulers, get_what_they_spawn_when_they_are_told_of_the_last_fiber) {
    flag ended;
    std::atomic<bool> ran{false};
    mioco::runtime rt(mioco::config{}.workers(2).scheduler([&](const mioco::worker_place& at) {
        return std::make_unique<gives_away_and_spawns>(at.number, ended, ran);
    }));
    rt.run([&] { ended.raise(); });
    EXPECT_TRUE(ran);
}

TEST(resting_schedulers, are_not_asked_without_fibers) {
    std::atomic<int> asked{0};
    schedule_script counts;
    counts.tick = [&] { ++asked; };
    counts.timeout = [&]() -> std::optional<std::chrono::nanoseconds> {
        ++asked;
        return 0ms;
    };
    mioco::runtime rt(mioco::config{}.workers(2).scheduler(scheduler_of(counts)));
    rt.run([] { mioco::sleep_for(1ms); });
    const int asked_at_rest = asked;
    mioco_test::block_for(5ms);
    EXPECT_EQ(asked, asked_at_rest);
}

// The first worker's scheduler leaves all to the second one's, which looks each millisecond.
class shared_list {
public:
    void leave(mioco::ready_fiber f) {
        const std::scoped_lock held(guard_);
        waiting_.push_back(std::move(f));
    }
    std::vector<mioco::ready_fiber> take() {
        const std::scoped_lock held(guard_);
        return std::exchange(waiting_, {});
    }

private:
    std::mutex guard_;
    std::vector<mioco::ready_fiber> waiting_;
};

class leaves_to_second : public mioco::scheduler {
public:
    leaves_to_second(unsigned number, shared_list& shared) : number_(number), shared_(shared) {}
    void spawned(mioco::ready_fiber f) override { shared_.leave(std::move(f)); }
    void ready(mioco::ready_fiber f) override { shared_.leave(std::move(f)); }
    void tick() override {
        if (number_ == 0) return;
        for (auto& each : shared_.take()) each.resume();
    }
    [[nodiscard]] std::optional<std::chrono::nanoseconds> timeout() override { return 1ms; }

private:
    unsigned number_;
    shared_list& shared_;
};

TEST(resting_schedulers, are_asked_again_when_there_are_fibers) {
    shared_list shared;
    std::atomic<int> ran{0};
    mioco::runtime rt(mioco::config{}.workers(2).scheduler([&](const mioco::worker_place& at) {
        return std::make_unique<leaves_to_second>(at.number, shared);
    }));
    for (int i = 0; i < 3; ++i) {
        rt.run([&] { mioco::spawn([&] { ++ran; }).join(); });
        mioco_test::block_for(3ms);
    }
    EXPECT_EQ(ran, 3);
}

TEST(resting_schedulers, cannot_spawn_while_they_are_made) {
    const captured_stderr said;
    mioco::runtime rt(mioco::config{}.workers(1).scheduler([](const mioco::worker_place& at) {
        mioco::spawn([] {}).detach();
        return mioco::round_robin(at);
    }));
    try {
        rt.run([] {});
        ADD_FAILURE() << "nothing was thrown";
    } catch (const std::system_error& e) {
        EXPECT_EQ(e.code(), std::errc::operation_not_permitted);
    }
    EXPECT_NE(said.text().find("`tick`"), std::string::npos) << said.text();
}

}  // namespace
