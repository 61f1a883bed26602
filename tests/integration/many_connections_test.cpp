// SPDX-License-Identifier: MPL-2.0
#include <cstddef>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "support/descriptor_leaks.hpp"
#include "support/echo.hpp"
#include "support/sizes.hpp"
#include "support/workers.hpp"

namespace {

int status_of(const std::string& program, const std::string& address, std::size_t count) {
    const std::string count_text = std::to_string(count);
    const char* const arguments[] = {program.c_str(), address.c_str(), count_text.c_str(), nullptr};
    pid_t child = 0;
    if (posix_spawn(&child, program.c_str(), nullptr, nullptr, const_cast<char* const*>(arguments),
                    environ) != 0) {
        return -1;
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class many_connections : public mioco_test::on_workers {};

TEST_P(many_connections, are_served_at_once) {
    const char* const build = std::getenv("MIOCO_BUILD_DIR");
    ASSERT_NE(build, nullptr) << "run by ctest, or with MIOCO_BUILD_DIR set to the build folder";
    const std::size_t count = here(mioco_test::connections_at_once);
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    ASSERT_GT(limit.rlim_cur, count + 200) << "raise the limit of open files (ulimit -n)";

    mioco_test::echo_server server(settings());
    const std::string program = std::string(build) + "/tests/integration/many_clients_program";
    EXPECT_EQ(status_of(program, server.address().to_string(), count), 0);
}

MIOCO_ON_WORKER_COUNTS(many_connections);

}  // namespace
