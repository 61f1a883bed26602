// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cerrno>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <sys/wait.h>

// What tests of child processes share. Nothing of it asks for a child's status.

namespace mioco_test {

/// A child that ends when its input does, or when it is killed.
inline mioco::process::child waiting_child(mioco::process::options how = {}) {
    how.standard_input = mioco::process::piped;
    how.standard_output = mioco::process::null;
    return mioco::process::spawn({"cat"}, how);
}

/// Whether this process has a child of that number, be it a zombie.
inline bool has_child(int pid) {
    siginfo_t found{};
    return waitid(P_PID, static_cast<id_t>(pid), &found, WEXITED | WNOHANG | WNOWAIT) == 0;
}

inline void expect_no_child_left() {
    siginfo_t found{};
    EXPECT_EQ(waitid(P_ALL, 0, &found, WEXITED | WNOHANG | WNOWAIT), -1) << found.si_pid;
    EXPECT_EQ(errno, ECHILD);
}

/// Past the library, which it leaves the status to it.
inline void until_it_is_a_zombie(int pid) {
    siginfo_t found{};
    while (waitid(P_PID, static_cast<id_t>(pid), &found, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           found.si_pid == 0)
        mioco::yield();
}

/// The tests of this program once more, where each child has a thread that waits for it. Which way it is is found out once a process.
inline void expect_the_same_without_pidfds(std::string_view filter) {
    mioco::process::options how;
    how.variables["MIOCO_CHILDREN"] = "thread";
    const auto done =
        mioco::process::run({"/proc/self/exe", "--gtest_filter=" + std::string(filter)}, {}, how);
    EXPECT_TRUE(done.status.success()) << done.output << done.error;
    EXPECT_NE(done.output.find("[  PASSED  ]"), std::string::npos);
}

}  // namespace mioco_test
