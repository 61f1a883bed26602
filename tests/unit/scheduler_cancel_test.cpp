// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <cstddef>
#include <system_error>
#include <utility>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/flag.hpp"
#include "support/keeping_scheduler.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::counted;
using mioco_test::error_of;
using mioco_test::keeper;
using mioco_test::schedule_script;
using mioco_test::scheduler_of;

class schedulers : public mioco_test::on_workers {
protected:
    static mioco::config with(const schedule_script& script) {
        return settings().scheduler(scheduler_of(script));
    }
};
MIOCO_ON_WORKER_COUNTS(schedulers);

TEST_P(schedulers, that_keep_fibers_hold_up_no_cancel) {
    keeper keeps;
    std::atomic<int> living{0};
    mioco::runtime rt(with(keeps.script()));
    auto fiber = rt.spawn([captured = counted(living)] {});
    const mioco::ready_fiber kept = keeps.take();
    fiber.cancel();
    EXPECT_EQ(error_of([&] { fiber.join(); }), std::errc::operation_canceled);
    EXPECT_EQ(living, 0);
    EXPECT_EQ(kept.id(), mioco::fiber_id());
}

TEST_P(schedulers, that_keep_what_a_cancel_wakes_do_not_hold_it_up) {
    keeper keeps;
    schedule_script lets_begin = keeps.script();
    lets_begin.spawned = [](mioco::ready_fiber f) { f.resume(); };
    mioco::runtime rt(with(lets_begin));
    std::atomic<bool> parks{false};
    auto fiber = rt.spawn([&] {
        parks = true;
        mioco::sleep_for(1h);
    });
    while (!parks) mioco_test::yield_thread();
    fiber.cancel();
    EXPECT_EQ(error_of([&] { fiber.join(); }), std::errc::operation_canceled);
}

TEST_P(schedulers, and_a_cancel_share_out_each_fiber_once) {
    for (std::size_t round = 0; round < 100; ++round) {
        schedule_script looks;
        std::atomic<int> told{0};
        looks.spawned = looks.ready = [&](mioco::ready_fiber f) {
            ++told;
            for (int i = 0; i < 3; ++i) static_cast<void>(f.is_yielding());
            f.resume();
        };
        mioco::runtime rt(with(looks));
        auto fiber = rt.spawn([] {
            for (;;) mioco::yield();
        });
        while (told < 20) mioco_test::yield_thread();
        fiber.cancel();
        EXPECT_EQ(error_of([&] { fiber.join(); }), std::errc::operation_canceled);
    }
}

}  // namespace
