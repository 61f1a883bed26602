// SPDX-License-Identifier: MPL-2.0
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/anywhere.hpp"
#include "support/children.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
namespace process = mioco::process;
using mioco_test::error_of;
using mioco_test::expect_no_child_left;
using mioco_test::has_child;
using mioco_test::message_of;
using mioco_test::pattern;
using mioco_test::read_some;
using mioco_test::until_it_is_a_zombie;
using mioco_test::waiting_child;
using process::child;
using process::exit_status;

std::string output_of(std::string_view script, process::options how = {}) {
    const auto done = process::run({"sh", "-c", script}, {}, how);
    EXPECT_TRUE(done.status.success()) << done.status.text() << ": " << done.error;
    return done.output;
}

class children : public mioco_test::anywhere {
protected:
    void TearDown() override { expect_no_child_left(); }
};

TEST_P(children, tell_how_they_have_ended) {
    inside([] {
        EXPECT_TRUE(process::spawn({"true"}).wait().success());
        auto three = process::spawn(std::vector<std::string>{"sh", "-c", "exit 3"});
        EXPECT_EQ(three.wait(), exit_status::of_code(3));
        EXPECT_EQ(three.wait().text(), "exited with 3") << "it is told again";
        EXPECT_EQ(three.try_wait()->code(), 3);
        EXPECT_FALSE(three.wait().success());
        const auto killed = process::spawn({"sh", "-c", "kill -TERM $$"}).wait();
        EXPECT_EQ(killed.signal(), SIGTERM);
        EXPECT_EQ(killed.code(), std::nullopt);
        EXPECT_FALSE(killed.core_dumped());
        EXPECT_EQ(killed.text(), "killed by signal 15 (SIGTERM)");
        EXPECT_EQ(exit_status::of_signal(SIGSEGV, true).text(),
                  "killed by signal 11 (SIGSEGV), core dumped");
        EXPECT_EQ(exit_status().text(), "has not ended");
    });
}

TEST_P(children, read_and_write_pipes) {
    inside([] {
        auto cat = process::spawn({"sh", "-c", "cat; echo complaint >&2"},
                                  {process::piped, process::piped, process::piped});
        cat.standard_input().write_all("hello"sv);
        EXPECT_EQ(read_some(cat.standard_output()), "hello");
        EXPECT_EQ(cat.try_wait(), std::nullopt);
        cat.standard_input().close();
        EXPECT_EQ(read_some(cat.standard_output()), "");
        EXPECT_EQ(read_some(cat.standard_error()), "complaint\n");
        EXPECT_TRUE(cat.wait().success());
        EXPECT_FALSE(process::spawn({"true"}).standard_output().is_open());
    });
}

TEST_P(children, have_their_three_streams_alone_and_blocking) {
    const int inherited_else = open("/dev/null", O_RDONLY);
    inside([] {
        const auto flags = output_of(
            "cat /proc/self/fdinfo/0 /proc/self/fdinfo/1 /proc/self/fdinfo/2; ls "
            "/proc/$$/fd",
            {process::piped, process::piped, process::piped});
        EXPECT_NE(flags.find("flags:"), std::string::npos);
        EXPECT_EQ(flags.find("flags:\t04"), std::string::npos) << "O_NONBLOCK: " << flags;
        EXPECT_TRUE(flags.ends_with("\n0\n1\n2\n")) << flags;
    });
    close(inherited_else);
}

TEST_P(children, have_no_signal_blocked_and_sigpipe_as_it_is_by_default) {
    inside([] {
        const auto ignoring = signal(SIGPIPE, SIG_IGN);
        const auto status = output_of("exec cat /proc/self/status");
        signal(SIGPIPE, ignoring);
        EXPECT_NE(status.find("SigBlk:\t0000000000000000\n"), std::string::npos) << status;
        const auto ignored = status.substr(status.find("SigIgn:\t") + 8, 16);
        EXPECT_EQ(std::stoull(ignored, nullptr, 16) >> (SIGPIPE - 1) & 1U, 0U) << status;
    });
}

TEST_P(children, have_other_streams_too) {
    inside([] {
        auto [out, in] = mioco::pipe();
        const mioco::owned_fd lent(in.release());
        EXPECT_TRUE(process::spawn({"sh", "-c", "echo out; echo error >&2"},
                                   {.standard_output = process::descriptor(lent.get()),
                                    .standard_error = process::merged})
                        .wait()
                        .success());
        EXPECT_EQ(read_some(out), "out\nerror\n");
        EXPECT_EQ(output_of("wc -c; echo lost >&2",
                            {.standard_input = process::null, .standard_error = process::null}),
                  "0\n");
        const auto both = process::run({"sh", "-c", "echo one; echo two >&2"}, {},
                                       {.standard_error = process::merged});
        EXPECT_EQ(both.output, "one\ntwo\n");
        EXPECT_EQ(both.error, "");
    });
}

TEST_P(children, have_the_environment_and_the_folder_that_they_are_given) {
    inside([] {
        setenv("MIOCO_TEST_KEPT", "kept", 1);
        EXPECT_EQ(output_of("echo $MIOCO_TEST_KEPT $ADDED $HOME; pwd",
                            {.directory = "/proc",
                             .variables = {{"ADDED", "added"}, {"HOME", std::nullopt}}}),
                  "kept added\n/proc\n");
        unsetenv("MIOCO_TEST_KEPT");
        EXPECT_EQ(process::run({"env"}, {}, {.environment = {{"A=1", "B=2"}}}).output,
                  "A=1\nB=2\n");
        EXPECT_EQ(
            process::run({"env"}, {}, {.environment = {{"A=1", "B=2"}}, .variables = {{"A", "3"}}})
                .output,
            "B=2\nA=3\n");
    });
}

// An error of the condition, whose text has these words.
void expect_refused(const std::vector<std::string>& arguments, const process::options& how,
                    std::errc with, std::string_view words) {
    std::error_code ec;
    EXPECT_FALSE(process::spawn(arguments, how, ec));
    EXPECT_EQ(ec, with) << words;
    EXPECT_EQ(error_of([&] { process::spawn(arguments, how); }), with) << words;
    const std::string said = message_of([&] { process::spawn(arguments, how); });
    EXPECT_NE(said.find(words), std::string::npos) << said;
}

TEST_P(children, that_cannot_be_started_are_named) {
    inside([] {
        using std::errc;
        const std::filesystem::path own = "/proc/self/exe";
        expect_refused({"mioco-no-such"}, {}, errc::no_such_file_or_directory,
                       "mioco: spawn of \"mioco-no-such\", which is not in PATH");
        expect_refused({"/no/such"}, {}, errc::no_such_file_or_directory,
                       "spawn of \"/no/such\", or");
        expect_refused({"/etc/passwd"}, {}, errc::permission_denied,
                       "spawn of \"/etc/passwd\", which may not be executed");
        expect_refused({"true"}, {.directory = "/no/folder"}, errc::no_such_file_or_directory,
                       "spawn of \"true\", which was to start in \"/no/folder\"");
        expect_refused({"true"}, {.directory = "/etc/passwd"}, errc::not_a_directory,
                       "which was to start in \"/etc/passwd\"");
        expect_refused({}, {}, errc::invalid_argument, "without a name");
        expect_refused({std::string("a\0b", 3)}, {}, errc::invalid_argument, "an argument");
        expect_refused({"true"}, {.environment = {{std::string(8 << 20, 'x')}}},
                       errc::argument_list_too_long, "spawn of \"true\"");
        expect_refused({"true"}, {.variables = {{"A=B", "x"}}}, errc::invalid_argument,
                       "no name, or a =");
        expect_refused({"true"}, {.standard_input = process::descriptor(9999)},
                       errc::bad_file_descriptor, "its standard input as descriptor 9999");
        expect_refused({"true"}, {.standard_output = process::merged}, errc::invalid_argument,
                       "its standard output");
    });
}

TEST_P(children, are_waited_for_with_a_limit_and_nothing_is_lost) {
    inside([] {
        auto waiting = waiting_child();
        EXPECT_EQ(waiting.wait_for(0s), std::nullopt);
        EXPECT_EQ(waiting.wait_for(1ms), std::nullopt);
        const auto bounded = [&] { mioco::with_deadline(1ms, [&] { waiting.wait(); }); };
        EXPECT_EQ(error_of(bounded), std::errc::timed_out);
        EXPECT_NE(
            message_of(bounded).find("wait for child process " + std::to_string(waiting.pid()) +
                                     ", as the deadline of 1 ms has passed"),
            std::string::npos);
        EXPECT_EQ(mioco::select(waiting.ended(), mioco::after(1ms)).index(), 1U);
        waiting.standard_input().close();
        const auto event = mioco::select(waiting.ended(), mioco::after(1h));
        ASSERT_EQ(event.index(), 0U);
        EXPECT_TRUE(std::get<0>(event).success());
        EXPECT_TRUE(waiting.wait_for(1h)->success());
        EXPECT_EQ(mioco::select(waiting.ended(), mioco::otherwise).index(), 0U);
    });
}

TEST_P(children, are_cases_of_a_list_that_is_used_again) {
    inside([] {
        auto each = waiting_child();
        std::vector<mioco::any_case> cases;
        cases.emplace_back(each.ended());
        each.standard_input().close();
        EXPECT_EQ(mioco::select(cases), 0U);
        EXPECT_TRUE(cases[0].take<exit_status>().success());
        each = process::spawn({"sh", "-c", "exit 3"});
        EXPECT_EQ(mioco::select(cases), 0U);
        EXPECT_EQ(cases[0].take<exit_status>().code(), 3);
    });
}

TEST_P(children, go_with_an_exception) {
    int pid = -1;
    inside([&pid] {
        EXPECT_THROW(
            {
                const auto waiting = waiting_child();
                pid = waiting.pid();
                throw std::runtime_error("gone");
            },
            std::runtime_error);
    });
    EXPECT_FALSE(has_child(pid));
}

TEST_P(children, are_waited_for_by_several_at_once) {
    inside([] {
        auto waiting = waiting_child();
        const auto wait = [&] { EXPECT_TRUE(waiting.wait().success()); };
        mioco_test::beside one(wait);
        mioco_test::beside other(wait);
        mioco_test::beside selecting(
            [&] { EXPECT_EQ(mioco::select(waiting.ended(), mioco::after(1h)).index(), 0U); });
        mioco_test::beside closing([&] {
            mioco::yield();
            waiting.standard_input().close();
        });
        for (auto* const each : {&one, &other, &selecting, &closing}) each->join();
    });
}

TEST_P(children, are_killed) {
    inside([] {
        auto waiting = waiting_child();
        waiting.kill(0);
        EXPECT_EQ(error_of([&] { waiting.kill(-1); }), std::errc::invalid_argument);
        EXPECT_EQ(error_of([&] { waiting.kill_group(SIGTERM); }), std::errc::invalid_argument);
        waiting.kill(SIGTERM);
        until_it_is_a_zombie(waiting.pid());
        waiting.kill(SIGKILL);
        EXPECT_EQ(waiting.wait(), exit_status::of_signal(SIGTERM));
        waiting.kill(SIGKILL);
        std::error_code ec;
        waiting.kill(SIGKILL, ec);
        EXPECT_FALSE(ec);
    });
}

TEST_P(children, are_killed_with_all_that_they_have_started) {
    inside([] {
        auto group = process::spawn({"sh", "-c", "sleep 1000 & wait"},
                                    {.standard_output = process::piped, .own_group = true});
        EXPECT_EQ(getpgid(group.pid()), group.pid());
        group.kill_group(SIGTERM);
        EXPECT_EQ(group.wait().signal(), SIGTERM);
        EXPECT_EQ(read_some(group.standard_output()), "") << "nobody has the other end";
        auto dropped = process::spawn({"sh", "-c", "sleep 1000 & wait"},
                                      {.standard_output = process::piped, .own_group = true});
        auto output = std::move(dropped.standard_output());
        dropped = child();
        EXPECT_EQ(read_some(output), "");
    });
}

TEST_P(children, that_are_dropped_are_killed_and_leave_nothing) {
    inside([] {
        int pid = -1;
        {
            auto dropped = waiting_child();
            pid = dropped.pid();
            EXPECT_TRUE(has_child(pid));
        }
        EXPECT_FALSE(has_child(pid));
        auto replaced = waiting_child();
        pid = replaced.pid();
        replaced = waiting_child();
        EXPECT_FALSE(has_child(pid));
        EXPECT_TRUE(has_child(replaced.pid()));
    });
}

TEST_P(children, that_are_detached_live_on_and_are_no_zombies_for_long) {
    inside([] {
        auto waiting = waiting_child();
        const int pid = waiting.pid();
        waiting.detach();
        EXPECT_FALSE(waiting);
        EXPECT_TRUE(waiting.standard_input().is_open());
        EXPECT_EQ(error_of([&] { waiting.wait(); }), std::errc::no_child_process);
        EXPECT_TRUE(has_child(pid));
        waiting = {};
        until_it_is_a_zombie(pid);
        // Its event may come a moment later where a thread tells of it.
        while (has_child(pid)) process::spawn({"true"}).wait();
    });
}

TEST_P(children, that_are_not_there_are_errors) {
    inside([] {
        auto waiting = waiting_child();
        child moved = std::move(waiting);
        EXPECT_EQ(waiting.pid(), -1);
        EXPECT_EQ(error_of([&] { waiting.wait(); }), std::errc::no_child_process);
        EXPECT_EQ(error_of([&] { waiting.wait_for(1h); }), std::errc::no_child_process);
        EXPECT_EQ(error_of([&] { waiting.try_wait(); }), std::errc::no_child_process);
        EXPECT_EQ(error_of([&] { waiting.kill(SIGTERM); }), std::errc::no_child_process);
        EXPECT_EQ(error_of([&] { mioco::select(waiting.ended(), mioco::after(1h)); }),
                  std::errc::no_child_process);
        std::error_code ec;
        EXPECT_EQ(waiting.wait(ec), exit_status());
        EXPECT_EQ(ec, std::errc::no_child_process);
        waiting.detach();
        EXPECT_TRUE(has_child(moved.pid()));
    });
}

TEST_P(children, whose_status_somebody_else_has_asked_for_are_errors) {
    inside([] {
        auto waiting = waiting_child();
        waiting.kill(SIGTERM);
        int status = 0;
        EXPECT_EQ(waitpid(waiting.pid(), &status, 0), waiting.pid());
        EXPECT_EQ(error_of([&] { waiting.wait(); }), std::errc::no_child_process);
        EXPECT_NE(message_of([&] { waiting.wait(); }).find("whose status was lost"),
                  std::string::npos);
        EXPECT_EQ(error_of([&] { mioco::select(waiting.ended()); }), std::errc::no_child_process);
        waiting.kill(SIGTERM);
    });
}

TEST_P(children, are_run_to_their_end) {
    inside([] {
        const std::string much = pattern(1'000'000);
        const auto both = process::run({"sh", "-c", "tee /dev/stderr"}, much);
        EXPECT_TRUE(both.status.success());
        EXPECT_EQ(both.output, much);
        EXPECT_EQ(both.error, much);
        EXPECT_TRUE(process::run({"true"}, much).status.success()) << "it reads nothing";
        EXPECT_EQ(process::run({"sh", "-c", "exec >&- 2>&-; read line; exit $line"}, "7\n").status,
                  exit_status::of_code(7))
            << "it lives longer than its output";
        EXPECT_EQ(error_of([] { process::run({"cat"}, "x", {.standard_input = process::null}); }),
                  std::errc::invalid_argument);
        std::error_code ec;
        process::run({"mioco-no-such"}, "x", {}, ec);
        EXPECT_EQ(ec, std::errc::no_such_file_or_directory);
        EXPECT_EQ(process::run({"cat"}, "x", {}, ec).output, "x");
        const std::string wanted = "run of \"sleep\", as the deadline of ";
        std::string said;
        // A short limit may be over before the program has started.
        for (auto limit = 1ms; limit < 20s && said.find(wanted) == std::string::npos; limit *= 4)
            said = message_of(
                [&] { mioco::with_deadline(limit, [] { process::run({"sleep", "1000"}); }); });
        EXPECT_NE(said.find(wanted), std::string::npos) << said;
        EXPECT_FALSE(ec);
        mioco::with_deadline(
            1ms, [&] { process::run({"sh", "-c", "cat; cat >&2"}, {}, {process::inherited}, ec); });
        EXPECT_TRUE(!ec || ec == std::errc::timed_out) << ec;
    });
}

INSTANTIATE_TEST_SUITE_P(on, children, testing::Values(0U, 1U, 3U), mioco_test::place_name);

TEST(children_without_pidfds, do_all_the_same) {
    mioco_test::expect_the_same_without_pidfds("on/children.*");
}

}  // namespace
