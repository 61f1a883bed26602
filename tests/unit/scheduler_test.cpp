// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "sched/current.hpp"
#include "sched/worker.hpp"
#include "support/flag.hpp"
#include "support/keeping_scheduler.hpp"
#include "support/process.hpp"
#include "support/scripted_scheduler.hpp"
#include "support/sizes.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::captured_stderr;
using mioco_test::count_of;
using mioco_test::counted;
using mioco_test::error_of;
using mioco_test::flag;
using mioco_test::keeper;
using mioco_test::schedule_script;
using mioco_test::scheduler_of;

unsigned current_number() { return mioco::detail::current_worker()->number(); }

class schedulers : public mioco_test::on_workers {
protected:
    static mioco::config with(const schedule_script& script) {
        return settings().scheduler(scheduler_of(script));
    }
};
MIOCO_ON_WORKER_COUNTS(schedulers);

TEST_P(schedulers, are_made_once_a_worker_on_its_thread) {
    std::mutex guard;
    std::set<unsigned> numbers;
    std::set<pid_t> threads;
    const schedule_script script;
    {
        mioco::runtime rt(settings().scheduler([&](const mioco::worker_place& at) {
            const std::scoped_lock held(guard);
            EXPECT_EQ(at.count, GetParam());
            EXPECT_TRUE(numbers.insert(at.number).second);
            EXPECT_TRUE(threads.insert(mioco_test::thread_number()).second);
            return std::make_unique<mioco_test::scripted_scheduler>(script);
        }));
        rt.run([] {});
        rt.run([] {});
    }
    EXPECT_EQ(numbers.size(), GetParam());
    EXPECT_EQ(threads.contains(mioco_test::thread_number()), true);
}

TEST_P(schedulers, in_turn_place_each_fiber_once) {
    const unsigned workers = GetParam();
    std::vector<unsigned> places;
    mioco::run(settings().scheduler(mioco::round_robin), [&] {
        EXPECT_EQ(current_number(), 0U);
        std::vector<mioco::join_handle<unsigned>> children;
        for (unsigned i = 0; i < 2 * workers; ++i) {
            children.push_back(mioco::spawn([] {
                const unsigned first = current_number();
                for (int round = 0; round < 50; ++round) {
                    mioco::yield();
                    EXPECT_EQ(current_number(), first);
                    if (round % 10 == 0) mioco::sleep_for(100us);
                    EXPECT_EQ(current_number(), first);
                }
                return first;
            }));
        }
        for (auto& each : children) places.push_back(each.join());
    });
    // The first fiber went to worker 0.
    for (unsigned i = 0; i < places.size(); ++i) EXPECT_EQ(places[i], (i + 1) % workers) << i;
}

TEST_P(schedulers, in_turn_serve_io_channels_and_offload) {
    mioco::run(settings().scheduler(mioco::round_robin), [] {
        auto listener = mioco::net::tcp_listener::bind("127.0.0.1:0");
        mioco::spawn([&] {
            for (int i = 0; i < 20; ++i) {
                mioco::spawn([c = listener.accept()]() mutable {
                    for (auto data = c.read_lease(); !data.empty(); data = c.read_lease())
                        c.write_all(data);
                });
            }
        });
        mioco::wait_group clients;
        for (int i = 0; i < 20; ++i) {
            clients.add();
            mioco::spawn([&] {
                auto c = mioco::net::tcp_stream::connect(listener.local());
                for (int round = 0; round < 20; ++round) {
                    c.write_all(std::string_view("hello"));
                    char back[5];
                    c.read_exactly(back);
                }
                clients.done();
            });
        }
        clients.wait();
        auto [in, out] = mioco::channel<int>(2);
        mioco::spawn([in = std::move(in)] {
            for (int i = 0; i < 100; ++i) in.send(mioco::offload([i] { return i; }));
        });
        int next = 0;
        for (const int item : out) EXPECT_EQ(item, next++);
        EXPECT_EQ(next, 100);
    });
}

TEST_P(schedulers, are_told_why_a_fiber_is_ready) {
    schedule_script asks;
    std::mutex guard;
    std::vector<std::string> told;
    const auto note = [&](const std::string& what) {
        const std::scoped_lock held(guard);
        told.push_back(what);
    };
    asks.spawned = [&](mioco::ready_fiber f) {
        note("spawned " + f.name());
        EXPECT_EQ(f.last_worker(), std::nullopt);
        f.resume();
        EXPECT_FALSE(f);
    };
    asks.ready = [&](mioco::ready_fiber f) {
        note((f.is_yielding() ? "yields " : "ready ") + f.name());
        EXPECT_EQ(f.last_worker(), current_number());
        f.resume();
    };
    const auto has_waited = [&] {
        const std::scoped_lock held(guard);
        return told.back() == "ready child";
    };
    mioco::run(with(asks), [&] {
        mioco::spawn({.name = "child"}, [&] {
            while (!has_waited()) mioco::sleep_for(1ms);  // the time may be over before it waits
            mioco::yield();
        }).join();
    });
    const std::vector<std::string> expected = {"spawned main", "spawned child", "ready child",
                                               "yields child", "ready main"};
    EXPECT_EQ(told, expected);
}

TEST_P(schedulers, place_fibers_where_they_like) {
    const unsigned workers = GetParam();
    schedule_script places;
    std::atomic<unsigned> at{0};
    std::atomic<int> spawned{0};
    places.spawned = [&](mioco::ready_fiber f) {
        ++spawned;
        f.place_on(workers - 1);
    };
    places.ready = [&](mioco::ready_fiber f) {
        const unsigned wanted = f.is_yielding() ? at.load() : current_number();
        if (wanted == current_number()) return f.resume();
        f.place_on(wanted);
        EXPECT_FALSE(f);
    };
    mioco::run(with(places), [&] {
        EXPECT_EQ(current_number(), workers - 1);
        for (unsigned round = 0; round < 3 * workers; ++round) {
            at = round % workers;
            mioco::yield();
            EXPECT_EQ(current_number(), round % workers);
        }
    });
    EXPECT_EQ(spawned, 1);
}

// One queue for all workers: whoever ticks takes the next, wherever it was told of.
TEST_P(schedulers, may_share_their_fibers) {
    schedule_script shares;
    std::mutex guard;
    std::deque<mioco::ready_fiber> queue;
    shares.spawned = shares.ready = [&](mioco::ready_fiber f) {
        const std::scoped_lock held(guard);
        queue.push_back(std::move(f));
    };
    shares.tick = [&] {
        const std::scoped_lock held(guard);
        if (queue.empty()) return;
        queue.front().resume();
        queue.pop_front();
    };
    shares.timeout = [&]() -> std::optional<std::chrono::nanoseconds> { return 100us; };
    std::atomic<int> ended{0};
    mioco::run(with(shares), [&] {
        for (int i = 0; i < 50; ++i) {
            mioco::spawn([&] {
                for (int round = 0; round < 20; ++round) mioco::yield();
                mioco::sleep_for(10us);
                ++ended;
            });
        }
    });
    EXPECT_EQ(ended, 50);
}

TEST_P(schedulers, wait_no_longer_than_they_say) {
    schedule_script delays;
    std::mutex guard;
    std::deque<mioco::ready_fiber> waiting;
    std::atomic<int> ticks{0};
    delays.spawned = delays.ready = [&](mioco::ready_fiber f) {
        const std::scoped_lock held(guard);
        waiting.push_back(std::move(f));
        ticks = 0;
    };
    // The third tick after it came, though nothing else happens.
    delays.tick = [&] {
        const std::scoped_lock held(guard);
        if (++ticks < 3 || waiting.empty()) return;
        waiting.front().resume();
        waiting.pop_front();
    };
    delays.timeout = [&]() -> std::optional<std::chrono::nanoseconds> {
        const std::scoped_lock held(guard);
        if (waiting.empty()) return std::nullopt;
        return ticks % 2 == 0 ? std::chrono::nanoseconds(-5) : 1ms;
    };
    mioco::run(with(delays), [] {
        for (int i = 0; i < 10; ++i) mioco::yield();
    });
}

TEST_P(schedulers, see_a_pinned_fiber_stay) {
    const unsigned workers = GetParam();
    schedule_script moves;
    std::atomic<int> refused{0};
    moves.ready = [&](mioco::ready_fiber f) {
        const unsigned other = (current_number() + 1) % workers;
        if (other != current_number()) {
            EXPECT_THROW(f.place_on(other), std::invalid_argument);
            EXPECT_TRUE(f);
        }
        ++refused;
        f.resume();
    };
    mioco::runtime rt(with(moves));
    rt.spawn({.pinned = true}, [] {
          for (int i = 0; i < 10; ++i) mioco::yield();
      }).join();
    EXPECT_EQ(refused, 10);
}

TEST_P(schedulers, are_refused_what_makes_no_sense) {
    schedule_script errs;
    std::atomic<int> told{0};
    errs.spawned = [&](mioco::ready_fiber f) {
        ++told;
        EXPECT_THROW(f.place_on(GetParam()), std::invalid_argument);
        EXPECT_TRUE(f);
        mioco::ready_fiber moved = std::move(f);
        EXPECT_EQ(error_of([&] { f.resume(); }), std::errc::invalid_argument);
        EXPECT_EQ(error_of([&] { f.place_on(0); }), std::errc::invalid_argument);
        EXPECT_EQ(f.id(), mioco::fiber_id());
        EXPECT_FALSE(f.is_yielding());
        f.kill();
        EXPECT_TRUE(moved.id() != mioco::fiber_id());
        moved.resume();
    };
    mioco::run(with(errs), [] {});
    EXPECT_EQ(told, 1);
}

TEST_P(schedulers, are_asked_for_a_resume_in_their_calls_only) {
    keeper keeps;
    mioco::runtime rt(with(keeps.script()));
    auto fiber = rt.spawn([] { return current_number(); });
    mioco::ready_fiber kept = keeps.take();
    EXPECT_EQ(error_of([&] { kept.resume(); }), std::errc::operation_not_permitted);
    EXPECT_TRUE(kept);
    // From a plain thread a fiber can be placed, which tells that worker's scheduler, and killed.
    kept.place_on(GetParam() - 1);
    EXPECT_FALSE(kept);
    kept = keeps.take();
    EXPECT_TRUE(kept.id() == fiber.id());
    kept.kill();
    EXPECT_EQ(error_of([&] { fiber.join(); }), std::errc::operation_canceled);
}

TEST_P(schedulers, kill_what_has_not_begun_without_entering_it) {
    keeper keeps;
    mioco::runtime rt(with(keeps.script()));
    std::atomic<int> living{0};
    std::atomic<bool> entered{false};
    auto fiber = rt.spawn([&, captured = counted(living)] { entered = true; });
    EXPECT_EQ(living, 1);
    keeps.take() = {};
    EXPECT_EQ(error_of([&] { fiber.join(); }), std::errc::operation_canceled);
    EXPECT_EQ(living, 0);
    EXPECT_FALSE(entered);
}

TEST_P(schedulers, kill_fibers_where_they_are) {
    std::atomic<int> living{0};
    std::atomic<bool> went_on{false};
    // What the dying fiber waits for in its destructors nobody is asked about any more.
    struct waits_at_end {
        ~waits_at_end() {
            mioco::sleep_for(1us);
            mioco::yield();
        }
    };
    const auto body = [&](auto wait) {
        const counted here(living);
        const waits_at_end last;
        wait();
        went_on = true;
    };
    for (const bool yields : {true, false}) {
        std::atomic<bool> dropped{false};
        schedule_script drops;
        drops.ready = [&](const mioco::ready_fiber&) { dropped = true; };
        mioco::runtime dropping(with(drops));
        const auto wait = [&, yields] {
            if (yields) return mioco::yield();
            while (!dropped) mioco::sleep_for(1ms);  // the time may be over before it waits
        };
        auto fiber = dropping.spawn([&] { body(wait); });
        EXPECT_EQ(error_of([&] { fiber.join(); }), std::errc::operation_canceled);
        EXPECT_EQ(living, 0);
        EXPECT_FALSE(went_on);
    }
}

TEST_P(schedulers, that_keep_fibers_hold_up_no_shutdown) {
    keeper keeps;
    std::atomic<int> living{0};
    std::vector<mioco::ready_fiber> left;
    {
        mioco::runtime rt(with(keeps.script()));
        for (int round = 0; round < 3; ++round) {
            std::vector<mioco::join_handle<void>> fibers;
            for (int i = 0; i < 10; ++i)
                fibers.push_back(rt.spawn([captured = counted(living)] {}));
            for (int i = 0; i < 10; ++i) left.push_back(keeps.take());
            EXPECT_TRUE(rt.shutdown(1h));
            EXPECT_EQ(living, 0);
            for (auto& each : fibers)
                EXPECT_EQ(error_of([&] { each.join(); }), std::errc::operation_canceled);
            // The runtime has them no more, so nothing of this does anything.
            for (auto& each : left) {
                EXPECT_EQ(each.id(), mioco::fiber_id());
                EXPECT_EQ(each.data<int>(), nullptr);
            }
            EXPECT_NO_THROW(left.back().resume());
            EXPECT_NO_THROW(left.front().place_on(0));
            left.clear();
        }
        rt.spawn([captured = counted(living)] {}).detach();
        left.push_back(keeps.take());
    }
    EXPECT_EQ(living, 0);
}

TEST_P(schedulers, and_a_stop_share_out_each_fiber_once) {
    for (std::size_t round = 0; round < 20; ++round) {
        schedule_script looks;
        std::atomic<int> told{0};
        looks.spawned = looks.ready = [&](mioco::ready_fiber f) {
            ++told;
            for (int i = 0; i < 3; ++i) static_cast<void>(f.is_yielding());
            if (told % 5 == 0) return f.place_on(told % GetParam());
            f.resume();
        };
        mioco::runtime rt(with(looks));
        for (int i = 0; i < 20; ++i) {
            rt.spawn([] {
                for (;;) mioco::yield();
            });
        }
        while (told < 200) mioco_test::yield_thread();
        rt.stop();
        rt.wait();
    }
}

TEST_P(schedulers, may_spawn_and_wake) {
    schedule_script acts;
    mioco::event woken;
    std::atomic<bool> spawned{false};
    std::atomic<bool> go{false};
    acts.tick = [&] {
        if (go && !spawned.exchange(true)) mioco::spawn([&] { woken.notify(); });
    };
    mioco::run(with(acts), [&] {
        go = true;
        woken.wait();
    });
}

TEST_P(schedulers, show_in_a_dump_what_they_keep) {
    keeper keeps;
    mioco::runtime rt(with(keeps.script()));
    auto fiber = rt.spawn({.name = "shelved"}, [] {});
    const auto kept = keeps.take();
    EXPECT_EQ(count_of("\"shelved\" of mioco: ready, kept by the scheduler\n", mioco::dump_text()),
              1U)
        << mioco::dump_text();
}

TEST_P(schedulers, that_keep_a_fiber_make_no_deadlock) {
    const captured_stderr said;
    schedule_script keeps;
    mioco::ready_fiber kept;
    keeps.spawned = [&](mioco::ready_fiber f) {
        if (f.name() == "kept") {
            kept = std::move(f);
        } else {
            f.resume();
        }
    };
    mioco::runtime rt(with(keeps));
    auto fiber = rt.spawn({.name = "kept"}, [] {});
    auto joins = rt.spawn([&] { fiber.join(); });
    for (int i = 0; i < 20; ++i) rt.spawn([] { mioco::sleep_for(1ms); }).join();
    EXPECT_EQ(said.text(), "");
    EXPECT_TRUE(rt.shutdown(1h));
}

TEST(scheduler_setting, is_stealing_by_default) {
    EXPECT_FALSE(mioco::config{}.scheduler());
    EXPECT_TRUE(mioco::config{}.scheduler(mioco::round_robin).scheduler());
    EXPECT_EQ(mioco::run(mioco::config{}.workers(2).scheduler({}), [] { return 3; }), 3);
}

}  // namespace
