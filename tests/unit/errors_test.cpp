// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/workers.hpp"

namespace {

using mioco_test::captured_stderr;
using mioco_test::count_of;
using mioco_test::flag;

constexpr const char* unjoined = "ended with an exception that nobody joined: ";

class errors : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(errors);

TEST_P(errors, nobody_joins_is_reported_once_with_the_name) {
    const captured_stderr output;
    mioco::fiber_id id;
    run([&] {
        auto child =
            mioco::spawn({.name = "acceptor"}, [] { throw std::runtime_error("port fell off"); });
        id = child.id();
    });
    EXPECT_EQ(output.text(), "mioco: fiber " + std::to_string(id.value()) + " \"acceptor\" " +
                                 unjoined + "port fell off\n");
}

TEST_P(errors, of_a_nameless_fiber_is_reported_by_its_id) {
    const captured_stderr output;
    mioco::fiber_id id;
    run([&] { id = mioco::spawn([] { throw 42; }).id(); });
    EXPECT_EQ(output.text(), "mioco: fiber " + std::to_string(id.value()) + " " + unjoined +
                                 "not a std::exception, but int\n");
}

TEST_P(errors, detached_after_the_end_is_reported_too) {
    const captured_stderr output;
    run([] {
        auto child = mioco::spawn({.name = "ended"}, [] { throw std::runtime_error("early"); });
        while (!child.done()) mioco::yield();
        child.detach();
    });
    EXPECT_EQ(count_of(unjoined, output.text()), 1U);
    EXPECT_EQ(count_of("\"ended\"", output.text()), 1U);
}

TEST_P(errors, detached_on_a_plain_thread_after_the_runtimes_end_is_reported) {
    const captured_stderr output;
    mioco::join_handle<void> kept;
    run([&] { kept = mioco::spawn([] { throw std::runtime_error("kept"); }); });
    EXPECT_EQ(output.text(), "");
    kept.detach();
    EXPECT_EQ(count_of(unjoined, output.text()), 1U);
}

TEST_P(errors, joined_is_not_reported) {
    const captured_stderr output;
    run([] {
        EXPECT_THROW(mioco::spawn([] { throw std::runtime_error("joined"); }).join(),
                     std::runtime_error);
    });
    EXPECT_EQ(output.text(), "");
}

TEST_P(errors, of_every_unjoined_fiber_is_reported) {
    const captured_stderr output;
    run([] {
        for (int i = 0; i < 512; ++i) mioco::spawn([] { throw std::runtime_error("one of many"); });
    });
    EXPECT_EQ(count_of(unjoined, output.text()), 512U);
}

TEST_P(errors, a_cancelled_fiber_is_nothing_to_report) {
    const captured_stderr output;
    mioco::runtime rt(settings());
    flag started;
    rt.spawn([&] {
        started.raise();
        for (;;) mioco::yield();
    });
    started.await();
    rt.stop();
    rt.wait();
    EXPECT_EQ(output.text(), "");
}

TEST_P(errors, with_rethrow_end_the_run) {
    const captured_stderr output;
    mioco::runtime rt(settings().uncaught(mioco::on_uncaught::rethrow));
    std::atomic<int> living = 0;
    try {
        rt.run([&] {
            const mioco_test::counted first(living);
            mioco::spawn([&, c = mioco_test::counted(living)] {
                for (;;) mioco::sleep_for(std::chrono::hours(1));
            });
            mioco::spawn([] { throw std::runtime_error("uncaught"); });
            for (;;) mioco::yield();
        });
        ADD_FAILURE() << "run returned";
    } catch (const std::runtime_error& e) {
        EXPECT_STREQ(e.what(), "uncaught");
    }
    EXPECT_EQ(living, 0);
    EXPECT_EQ(output.text(), "");
    EXPECT_EQ(rt.run([] { return 1; }), 1);
}

TEST_P(errors, with_rethrow_but_joined_end_nothing) {
    EXPECT_EQ(mioco::run(settings().uncaught(mioco::on_uncaught::rethrow),
                         [] {
                             try {
                                 mioco::spawn([] { throw 5; }).join();
                             } catch (int number) {
                                 return number;
                             }
                             return 0;
                         }),
              5);
}

TEST_P(errors, with_rethrow_come_out_of_wait) {
    mioco::runtime rt(settings().uncaught(mioco::on_uncaught::rethrow));
    rt.spawn([] { throw std::logic_error("to wait"); });
    EXPECT_THROW(rt.wait(), std::logic_error);
    rt.wait();
}

TEST_P(errors, with_rethrow_are_reported_by_the_destructor) {
    const captured_stderr output;
    {
        mioco::runtime rt(settings().uncaught(mioco::on_uncaught::rethrow));
        flag throws;
        rt.spawn([&] {
            throws.raise();
            throw std::logic_error("to nobody");
        });
        throws.await();
    }
    EXPECT_EQ(count_of("to nobody", output.text()), 1U) << output.text();
}

TEST_P(errors, of_another_runtimes_fiber_end_only_that_runtime) {
    const captured_stderr output;
    mioco::runtime reporting(settings());
    EXPECT_EQ(mioco::run(settings().uncaught(mioco::on_uncaught::rethrow),
                         [&] {
                             auto foreign =
                                 reporting.spawn([] { throw std::logic_error("foreign"); });
                             while (!foreign.done()) mioco::yield();
                             foreign.detach();
                             mioco::yield();
                             return 3;
                         }),
              3);
    EXPECT_EQ(count_of(unjoined, output.text()), 1U);
}

class terminating : public errors {
protected:
    terminating() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};
MIOCO_ON_WORKER_COUNTS(terminating);

struct loud {
    ~loud() { std::fputs("a destructor ran\n", stderr); }
};

[[noreturn]] void report_and_die() {
    std::fputs(std::current_exception() ? "terminates with the exception\n" : "terminates\n",
               stderr);
    std::_Exit(7);
}

TEST_P(terminating, happens_at_the_throw) {
    EXPECT_EXIT(
        {
            std::set_terminate(report_and_die);
            mioco::run(settings().uncaught(mioco::on_uncaught::terminate), [] {
                const loud would_tell;
                mioco::spawn([] {
                    const loud would_tell_too;
                    mioco::yield();
                    throw std::runtime_error("fatal");
                }).join();
            });
        },
        testing::ExitedWithCode(7), "^terminates with the exception\n$");
}

TEST_P(terminating, names_the_exception_by_default) {
    EXPECT_EXIT(mioco::run(settings().uncaught(mioco::on_uncaught::terminate),
                           [] { throw std::runtime_error("fatal"); }),
                testing::KilledBySignal(SIGABRT), "fatal");
}

TEST_P(terminating, does_not_happen_to_what_is_caught_or_cancelled) {
    mioco::runtime rt(settings().uncaught(mioco::on_uncaught::terminate));
    flag started;
    rt.spawn([&] {
        try {
            throw 1;
        } catch (int) {
            started.raise();
        }
        for (;;) mioco::yield();
    });
    started.await();
    rt.stop();
    rt.wait();
}

}  // namespace
