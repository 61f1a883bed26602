// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/process.hpp"
#include "support/scripted_scheduler.hpp"
#include "support/workers.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::captured_stderr;
using mioco_test::count_of;
using mioco_test::schedule_script;
using mioco_test::scheduler_of;

class failing_schedulers : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(failing_schedulers);

// The runtime may be used again. But other workers' schedulers may have thrown too, after the one that ended it.
void run_at_last(mioco::runtime& rt) {
    for (bool ran = false; !ran;) {
        try {
            EXPECT_EQ(rt.run([] { return 3; }), 3);
            ran = true;
        } catch (const std::system_error& e) {
            EXPECT_EQ(e.code(), std::errc::operation_canceled);
        } catch (const std::runtime_error&) {
        }
    }
}

TEST_P(failing_schedulers, that_throw_end_the_runtime_with_it) {
    for (const char* call : {"spawned", "ready", "tick", "timeout"}) {
        const captured_stderr said;
        schedule_script fails;
        std::atomic<bool> works{true};
        const auto check = [&](const char* here) {
            if (!works && std::string_view(call) == here) throw std::runtime_error("out of ideas");
        };
        fails.spawned = [&](mioco::ready_fiber f) { check("spawned"), f.resume(); };
        fails.ready = [&](mioco::ready_fiber f) { check("ready"), f.resume(); };
        fails.tick = [&] { check("tick"); };
        fails.timeout = [&]() -> std::optional<std::chrono::nanoseconds> {
            check("timeout");
            return 1ms;
        };
        mioco::runtime rt(settings().scheduler(scheduler_of(fails)));
        std::string thrown;
        try {
            rt.run([&] {
                works = false;
                mioco::spawn([] {}).join();
                for (;;) mioco::sleep_for(1ms);
            });
        } catch (const std::runtime_error& e) {
            thrown = e.what();
        }
        EXPECT_EQ(thrown, "out of ideas");
        const std::string line =
            std::string(" threw in ") + call + ", and its runtime stops: " + "out of ideas\n";
        EXPECT_GE(count_of(line, said.text()), 1U) << call << said.text();
        works = true;
        run_at_last(rt);
    }
}

// Spawns a fiber that throws, and keeps its handle as long as it lives.
class keeps_a_handle : public mioco::scheduler {
public:
    explicit keeps_a_handle(std::atomic<bool>& threw) : threw_(threw) {}
    void spawned(mioco::ready_fiber f) override { f.resume(); }
    void ready(mioco::ready_fiber f) override { f.resume(); }
    void tick() override {
        if (kept_.joinable()) return;
        kept_ = mioco::spawn([&threw = threw_] {
            threw = true;
            throw std::runtime_error("nobody joins");
        });
    }

private:
    std::atomic<bool>& threw_;
    mioco::join_handle<void> kept_;
};

TEST(failing_schedulers_once, that_end_with_an_exception_in_hand_have_it_reported) {
    const captured_stderr said;
    std::atomic<bool> threw{false};
    {
        mioco::runtime rt(mioco::config{}
                              .workers(1)
                              .uncaught(mioco::on_uncaught::rethrow)
                              .scheduler([&](const mioco::worker_place&) {
                                  return std::make_unique<keeps_a_handle>(threw);
                              }));
        rt.run([&] {
            while (!threw) mioco::sleep_for(1ms);
        });
    }
    EXPECT_EQ(count_of("nobody joins", said.text()), 1U) << said.text();
}

TEST_P(failing_schedulers, that_cannot_be_made_end_the_runtime) {
    const captured_stderr said;
    mioco::runtime none(settings().scheduler(
        [](const mioco::worker_place&) { return std::unique_ptr<mioco::scheduler>(); }));
    EXPECT_THROW(none.run([] { mioco::sleep_for(1h); }), std::invalid_argument);
    EXPECT_GE(count_of("threw in its making, and its runtime stops: mioco: config::scheduler: the "
                       "function returned null",
                       said.text()),
              1U);
    const schedule_script script;
    std::atomic<bool> can{false};
    mioco::runtime later(settings().scheduler([&](const mioco::worker_place& at) {
        if (!can) throw std::runtime_error("not yet");
        return scheduler_of(script)(at);
    }));
    EXPECT_THROW(later.run([] { mioco::sleep_for(1h); }), std::runtime_error);
    can = true;
    run_at_last(later);
}

}  // namespace
