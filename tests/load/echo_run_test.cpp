// SPDX-License-Identifier: MPL-2.0
#include "echo_run.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include <unistd.h>

#include <gtest/gtest.h>

#include "test_server.hpp"

namespace {

using namespace mioco::load;
using namespace std::chrono_literals;
using mioco::net::tcp_stream;

echo_options some_echoes() {
    echo_options options;
    options.fibers = 4;
    options.connections = 3;
    options.echoes = 50;
    return options;
}

echo_outcome run_against(const test_server& server, const std::string& message = "hello world\n") {
    return echo_run(some_echoes(), server.address(), message).run();
}

TEST(echo_run, every_echo_succeeds) {
    const test_server server(echo);
    for (const std::size_t size : {1U, 12U, 10'240U}) {
        const echo_outcome result = run_against(server, std::string(size, 'x'));
        EXPECT_EQ(result.successes, 600U);
        EXPECT_EQ(result.errors, 0U);
        EXPECT_GT(result.seconds, 0);
        EXPECT_TRUE(result.connected);
    }
}

TEST(echo_run, a_wrong_answer_is_one_error) {
    const test_server server([](tcp_stream& stream) {
        std::string buffer(100, ' ');
        const std::size_t size = stream.read(buffer);
        buffer[0] = '?';
        stream.write_all(std::string_view(buffer).substr(0, size));
        echo(stream);
    });
    const echo_outcome result = run_against(server);
    EXPECT_EQ(result.errors, 12U);
    EXPECT_EQ(result.successes, 588U);
}

TEST(echo_run, after_a_close_all_that_was_left_is_an_error) {
    const test_server server([](tcp_stream& stream) {
        for (int i = 0; i < 10; ++i) stream.write_all(stream.read_lease());
    });
    const echo_outcome result = run_against(server);
    EXPECT_EQ(result.successes, 120U);
    EXPECT_EQ(result.errors, 480U);
}

TEST(echo_run, a_failed_connect_is_as_many_errors_as_echoes) {
    const echo_outcome result = echo_run(some_echoes(), unused_address(), "x").run();
    EXPECT_EQ(result.successes, 0U);
    EXPECT_EQ(result.errors, 600U);
    EXPECT_FALSE(result.connected);
    EXPECT_EQ(result.connect_error, std::errc::connection_refused);
}

TEST(echo_run, an_interrupt_ends_it) {
    std::atomic<bool> has_begun = false;
    const test_server server([&](tcp_stream& stream) {
        has_begun = true;
        echo(stream);
    });
    echo_options options = some_echoes();
    options.echoes = 1'000'000'000;
    std::thread finger([&] {
        while (!has_begun) std::this_thread::yield();
        std::this_thread::sleep_for(300ms);
        ::kill(::getpid(), SIGINT);
    });
    const echo_outcome result = echo_run(options, server.address(), "hello").run();
    finger.join();
    EXPECT_GT(result.successes, 0U);
    EXPECT_EQ(result.errors, 0U) << "what was not tried did not fail";
}

}  // namespace
