// SPDX-License-Identifier: MPL-2.0
// The original's tests of instances, exceptions and spawning, by name.
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/workers.hpp"

namespace {

using mioco_test::captured_stderr;
using mioco_test::flag;

class instance : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(instance);

constexpr int children = 512;

struct oops : std::runtime_error {
    oops() : std::runtime_error("oops") {}
};

TEST_P(instance, empty_handler) {
    bool ran = false;
    run([&] { ran = true; });
    EXPECT_TRUE(ran);
}

TEST_P(instance, empty_subcoroutines) {
    std::mutex guard;
    int counter = 0;
    const auto count = [&] {
        const std::scoped_lock held(guard);
        ++counter;
    };
    run([&] {
        for (int i = 0; i < children; ++i) mioco::spawn(count);
        count();
    });
    EXPECT_EQ(counter, children + 1);
}

TEST_P(instance, contain_panics) {
    EXPECT_THROW(run([] { throw oops(); }), oops);
}

TEST_P(instance, contain_panics_in_subcoroutines) {
    const captured_stderr output;
    bool ended = false;
    run([&] {
        for (int i = 0; i < children; ++i) mioco::spawn([] { throw oops(); });
        ended = true;
    });
    EXPECT_TRUE(ended);
    EXPECT_EQ(mioco_test::count_of("oops", output.text()), children);
}

// There it held on one thread; on several the instance could hang.
TEST_P(instance, propagate_uncatched_panic) {
    EXPECT_THROW(mioco::run(settings().uncaught(mioco::on_uncaught::rethrow), [] { throw oops(); }),
                 oops);
}

TEST(instance_once, spawn_as_start) {
    flag ran;
    mioco::spawn([&] { ran.raise(); });
    ran.await();
}

TEST_P(instance, multiple_return_types) {
    const auto result = run([] {
        auto number = mioco::spawn([] { return 3; });
        auto text = mioco::spawn([] { return std::string("foobar"); });
        EXPECT_EQ(number.join(), 3);
        EXPECT_EQ(text.join(), "foobar");
        return std::vector<int>{1, 2};
    });
    EXPECT_EQ(result, (std::vector<int>{1, 2}));
}

TEST_P(instance, tiny_stacks) {
    bool ran = false;
    mioco::run(settings().stack_size(128 * 1024), [&] { ran = true; });
    EXPECT_TRUE(ran);
}

TEST_P(instance, in_coroutine_true) {
    EXPECT_TRUE(run([] { return mioco::this_fiber::in_fiber(); }));
}

TEST(instance_once, in_coroutine_false) { EXPECT_FALSE(mioco::this_fiber::in_fiber()); }

TEST_P(instance, exit_notifier_simple) {
    bool ended = false;
    run([&] {
        mioco::spawn([&] { ended = true; }).join();
        EXPECT_TRUE(ended);
    });
}

TEST_P(instance, exit_notifier_simple_panic) {
    run([] {
        auto child = mioco::spawn([] { throw oops(); });
        EXPECT_THROW(child.join(), oops);
    });
}

// What was a notificator is a case of select here. Another fiber than the parent asks, before and after the end.
TEST_P(instance, exit_notifier_wrap_after_finish) {
    run([] {
        for (const bool asks_after_the_end : {false, true}) {
            flag go;
            auto failing = mioco::spawn([&] {
                go.await();
                throw oops();
            });
            auto fine = mioco::spawn([&] { go.await(); });
            if (asks_after_the_end) {
                go.raise();
                while (!failing.done() || !fine.done()) mioco::yield();
            }
            auto observer = mioco::spawn([&] {
                EXPECT_THROW(mioco::select(failing.joining()), oops);
                EXPECT_NO_THROW(mioco::select(fine.joining()));
            });
            go.raise();
            observer.join();
            EXPECT_TRUE(failing.done() && fine.done());
        }
    });
}

}  // namespace
