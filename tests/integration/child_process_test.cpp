// SPDX-License-Identifier: MPL-2.0
#include <cerrno>
#include <csignal>
#include <string>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/driver.hpp"
#include "support/children.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"

// Children and what else there is in a process: many of them, its signals, its descriptors, its fibers that end.

namespace {

namespace process = mioco::process;
using mioco_test::error_of;
using mioco_test::expect_no_child_left;
using mioco_test::message_of;
using mioco_test::until_it_is_a_zombie;
using mioco_test::waiting_child;
using process::child;

TEST(child_processes, a_hundred_at_once_on_one_worker) {
    mioco::run(mioco::config{}.workers(1), [] {
        std::vector<mioco::join_handle<std::string>> all;
        for (int i = 0; i < 100; ++i) {
            all.push_back(
                mioco::spawn([i] { return process::run({"cat"}, std::to_string(i)).output; }));
        }
        for (int i = 0; i < 100; ++i)
            EXPECT_EQ(all[static_cast<std::size_t>(i)].join(), std::to_string(i));
    });
    expect_no_child_left();
}

TEST(child_processes, a_cancelled_wait_has_lost_nothing) {
    mioco::run(mioco::config{}.workers(2), [] {
        for (int round = 0; round < 20; ++round) {
            auto waiting = waiting_child();
            auto fiber = mioco::spawn([&] { EXPECT_TRUE(waiting.wait().success()); });
            if (round % 2 == 0) mioco::yield();
            waiting.standard_input().close();
            fiber.cancel();
            const auto how = error_of([&] { fiber.join(); });
            EXPECT_TRUE(how == std::errc{} || how == std::errc::operation_canceled);
            EXPECT_TRUE(waiting.wait().success());
        }
    });
    expect_no_child_left();
}

TEST(child_processes, a_stop_ends_them_with_their_fibers) {
    mioco::runtime runtime(mioco::config{}.workers(2));
    mioco_test::flag started[3];
    runtime.spawn([&] {
        auto waiting = waiting_child();
        started[0].raise();
        waiting.wait();
    });
    runtime.spawn([&] {
        auto waiting = waiting_child();
        started[1].raise();
        mioco::select(waiting.ended());
    });
    runtime.spawn([&] {
        started[2].raise();
        process::run({"cat"}, {}, {.standard_input = process::descriptor(0)});
    });
    for (const auto& each : started) each.await();
    runtime.stop();
    runtime.wait();
    expect_no_child_left();
}

volatile std::sig_atomic_t deaths_seen = 0;

TEST(child_processes, leave_a_handler_of_sigchld_and_other_children_alone) {
    struct sigaction count{};
    count.sa_handler = [](int) { deaths_seen = deaths_seen + 1; };
    struct sigaction before{};
    ASSERT_EQ(sigaction(SIGCHLD, &count, &before), 0);
    const pid_t other = fork();
    if (other == 0) _exit(5);
    until_it_is_a_zombie(other);
    const int seen = deaths_seen;
    mioco::run([] {
        EXPECT_TRUE(process::spawn({"true"}).wait().success());
        auto detached = process::spawn({"true"});
        detached.detach();
    });
    // A thread that ends may take one with it under ThreadSanitizer.
    while (deaths_seen == seen) process::spawn({"true"}).wait();
    sigaction(SIGCHLD, &before, nullptr);
    int status = 0;
    EXPECT_EQ(waitpid(other, &status, 0), other);
    EXPECT_EQ(WEXITSTATUS(status), 5);
    while (waitid(P_ALL, 0, nullptr, WEXITED | WNOHANG | WNOWAIT) == 0)
        process::spawn({"true"}).wait();
}

TEST(child_processes, have_no_status_while_sigchld_is_ignored) {
    const auto before = signal(SIGCHLD, SIG_IGN);
    auto waiting = waiting_child();
    auto lost = process::spawn({"true"});
    EXPECT_EQ(error_of([&] { lost.wait(); }), std::errc::no_child_process);
    waiting.kill(SIGTERM);
    EXPECT_EQ(error_of([&] { waiting.wait(); }), std::errc::no_child_process);
    signal(SIGCHLD, before);
    expect_no_child_left();
}

// What the child is to have as its 0, 1 and 2 gets these very numbers here, in some order.
TEST(child_processes, have_their_streams_where_the_parent_has_none) {
    std::string output;
    std::string error;
    int kept[3];
    for (int number = 0; number < 3; ++number) {
        kept[number] = fcntl(number, F_DUPFD_CLOEXEC, 10);
        close(number);
    }
    {
        const auto done = process::run({"sh", "-c", "cat; echo error >&2"}, "output");
        output = done.output;
        error = done.error;
    }
    for (int number = 0; number < 3; ++number) {
        if (kept[number] < 0) continue;
        dup2(kept[number], number);
        close(kept[number]);
    }
    EXPECT_EQ(output, "output");
    EXPECT_EQ(error, "error\n");
}

// The last one that is wanted is the pidfd, of a child that runs already.
TEST(child_processes, that_find_no_descriptors_leave_nothing) {
    process::run({"true"});
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    bool is_started = false;
    bool was_undone = false;
    for (rlim_t most = 3; !is_started; ++most) {
        const rlimit now{most, before.rlim_max};
        setrlimit(RLIMIT_NOFILE, &now);
        const std::string said = message_of([&] {
            static_cast<void>(waiting_child());
            is_started = true;
        });
        setrlimit(RLIMIT_NOFILE, &before);
        expect_no_child_left();
        EXPECT_EQ(said.find("open files: ulimit -n") == std::string::npos, is_started) << said;
        was_undone =
            was_undone || said.find("for whose end nobody could wait") != std::string::npos;
    }
    EXPECT_EQ(was_undone, mioco::detail::system_driver().has_child_descriptors());
}

TEST(child_processes, are_known_to_a_dump) {
    mioco::run(mioco::config{}.workers(1), [] {
        auto waiting = waiting_child();
        auto fiber = mioco::spawn({.name = "parent"}, [&] { waiting.wait(); });
        while (mioco::dump_text().find("waits for a child process") == std::string::npos)
            mioco::yield();
        waiting.standard_input().close();
        fiber.join();
    });
}

TEST(child_processes, of_a_forked_child_are_its_parent_s) {
    auto waiting = waiting_child();
    const pid_t forked = fork();
    if (forked == 0) {
        const int pid = waiting.pid();
        waiting = child();
        _exit(::kill(pid, 0) == 0 ? 0 : 1);
    }
    int status = -1;
    EXPECT_EQ(waitpid(forked, &status, 0), forked);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(waiting.try_wait(), std::nullopt);
}

TEST(child_processes, have_a_setting) {
    process::options how;
    how.variables["MIOCO_CHILDREN"] = "signal";
    const auto refused = process::run(
        {"/proc/self/exe", "--gtest_filter=child_processes.are_known_to_a_dump"}, {}, how);
    EXPECT_FALSE(refused.status.success());
    EXPECT_NE(refused.output.find("MIOCO_CHILDREN = \"signal\": allowed is pidfd or thread"),
              std::string::npos)
        << refused.output;
}

TEST(child_processes_without_pidfds, do_all_the_same) {
    mioco_test::expect_the_same_without_pidfds("child_processes.*");
}

}  // namespace
