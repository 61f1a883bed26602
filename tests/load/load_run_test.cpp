// SPDX-License-Identifier: MPL-2.0
#include "load_run.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>

#include <sys/resource.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "errors.hpp"
#include "test_server.hpp"

namespace {

using namespace mioco::load;
using namespace std::chrono_literals;
using mioco::net::tcp_stream;

load_options short_run() {
    load_options options;
    options.connections = 8;
    options.seconds = 0.3;
    options.workers = 1;
    options.patience_seconds = 60;  // a machine may be slow
    return options;
}

void expect_clean(const outcome& result) {
    EXPECT_LE(result.counts.responses, result.counts.requests);
    EXPECT_EQ(result.counts.failures, 0U) << result.first_failure;
    EXPECT_EQ(result.unanswered, 0U);
    EXPECT_FALSE(result.interrupted);
}

void expect_failure(load_options options, const test_server::handler& serve,
                    const std::string& why) {
    options.seconds = 1000;  // it ends when all have failed
    test_server server(serve);
    load_run run(options, server.address());
    const outcome result = run.run();
    EXPECT_EQ(result.counts.failures, options.connections);
    EXPECT_NE(result.first_failure.find(why), std::string::npos) << result.first_failure;
}

class closed_load : public testing::TestWithParam<std::pair<std::size_t, unsigned>> {};

TEST_P(closed_load, every_request_is_answered) {
    test_server server(echo);
    load_options options = short_run();
    std::tie(options.message_bytes, options.pipeline) = GetParam();
    if (options.message_bytes > 1'000'000) options.connections = 1;
    load_run run(options, server.address());
    const outcome result = run.run();
    expect_clean(result);
    EXPECT_DOUBLE_EQ(result.seconds, 0.3);
    EXPECT_GE(run.latencies().count(), options.connections * options.pipeline);
    EXPECT_EQ(run.latencies().count(), result.counts.requests);
    EXPECT_LE(result.counts.requests - result.counts.responses,
              options.connections * options.pipeline);
}

// The larger ones have more under way than socket buffers hold: who wrote it all before reading
// would wait for ever.
INSTANTIATE_TEST_SUITE_P(sizes, closed_load,
                         testing::Values(std::pair{26U, 1U}, std::pair{26U, 16U},
                                         std::pair{1U, 100U}, std::pair{65'521U, 1U},
                                         std::pair{262'144U, 32U}, std::pair{4'000'000U, 4U}),
                         [](const auto& info) {
                             return std::to_string(info.param.first) + "_bytes_" +
                                    std::to_string(info.param.second) + "_deep";
                         });

TEST(load_run, several_workers_share_the_clients) {
    test_server server(echo);
    load_options options = short_run();
    options.connections = 300;
    options.workers = 4;
    load_run run(options, server.address());
    const outcome result = run.run();
    expect_clean(result);
    EXPECT_EQ(run.latencies().count(), result.counts.requests);
}

TEST(load_run, warm_up_is_not_measured) {
    std::atomic<std::uint64_t> served = 0;
    test_server server([&served](tcp_stream& stream) {
        mioco::sleep_for(200ms);  // the first answers come slowly, though before the warm-up ends
        std::string buffer(100, ' ');
        while (const std::size_t size = stream.read(buffer)) {
            ++served;
            stream.write_all(std::string_view(buffer).substr(0, size));
        }
    });
    load_options options = short_run();
    options.warmup_seconds = 0.5;
    load_run run(options, server.address());
    const outcome result = run.run();
    expect_clean(result);
    EXPECT_DOUBLE_EQ(result.seconds, 0.3);
    EXPECT_GE(served, result.counts.requests + options.connections);
    EXPECT_EQ(run.latencies().count(), result.counts.requests);
}

TEST(load_run, a_wrong_byte_is_a_failure) {
    const auto serve = [](tcp_stream& stream) {
        for (int number = 0;; ++number) {
            auto data = stream.read_lease();
            if (data.empty()) return;
            if (number == 5) data.data()[data.size() - 1] ^= std::byte{1};
            stream.write_all(data);
        }
    };
    expect_failure(short_run(), serve, "differs from the request");
}

TEST(load_run, a_byte_too_many_is_a_failure) {
    const auto serve = [](tcp_stream& stream) {
        std::string buffer(100, ' ');
        stream.write_all(std::string_view(buffer).substr(0, stream.read(buffer) + 1));
        echo(stream);
    };
    expect_failure(short_run(), serve, "more than it was sent");
}

TEST(load_run, a_close_by_the_server_is_a_failure) {
    for (const bool by_rate : {false, true}) {
        load_options options = short_run();
        if (by_rate) options.rate = 1000;
        expect_failure(options, [](tcp_stream& stream) { stream.read_lease(); }, "connection ");
    }
}

TEST(load_run, ends_when_every_connection_has_failed) {
    test_server server([](tcp_stream&) {});
    load_options options = short_run();
    options.seconds = 1000;
    load_run run(options, server.address());
    EXPECT_EQ(run.run().counts.failures, options.connections);
}

TEST(load_run, a_server_that_never_answers_is_given_up) {
    for (const bool by_rate : {false, true}) {
        test_server server([](tcp_stream& stream) {
            while (!stream.read_lease().empty()) {
            }
            mioco::sleep_for(1h);
        });
        load_options options = short_run();
        options.patience_seconds = load_options{}.patience_seconds;
        if (by_rate) options.rate = 1000;
        load_run run(options, server.address());
        const outcome result = run.run();
        EXPECT_EQ(result.counts.failures, 0U) << result.first_failure;
        EXPECT_EQ(result.counts.responses, 0U);
        EXPECT_EQ(result.unanswered, by_rate ? 300U : options.connections);
        EXPECT_EQ(run.latencies().count(), result.unanswered)
            << "they count with the time they waited";
        EXPECT_GT(run.latencies().percentile(1), 900ms);
    }
}

TEST(load_run, nobody_listens) {
    const auto server = unused_address();
    try {
        load_run(short_run(), server).run();
        FAIL() << "there was a server";
    } catch (const cannot_connect& error) {
        const std::string told = error.what();
        EXPECT_NE(told.find("nobody listens on " + server.to_string()), std::string::npos) << told;
        EXPECT_NE(told.find("start a server"), std::string::npos) << told;
    }
}

// In a process of its own, as a lowered limit stays lowered.
[[noreturn]] void ask_for_more_than(rlim_t most_descriptors) {
    const rlimit limit{most_descriptors, most_descriptors};
    ::setrlimit(RLIMIT_NOFILE, &limit);
    load_options options = short_run();
    options.connections = 1000;
    try {
        const load_run run(options, unused_address());
    } catch (const bad_argument& error) {
        std::fprintf(stderr, "%s\n", error.what());
        std::_Exit(0);
    }
    std::_Exit(1);
}

TEST(load_run, more_connections_than_descriptors_are_refused_with_the_limit) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(ask_for_more_than(900), testing::ExitedWithCode(0), "this process may have 900");
}

TEST(load_run, an_interrupt_ends_it_and_keeps_what_was_measured) {
    for (const int way : {0, 1, 2}) {
        std::atomic<bool> has_answered = false;
        load_options options = short_run();
        options.seconds = 1000;
        if (way == 1) options.rate = 10'000;
        if (way == 2) options.message_bytes = 1'000'000;
        test_server server([&](tcp_stream& stream) {
            std::size_t received = 0;
            for (auto data = stream.read_lease(); !data.empty(); data = stream.read_lease()) {
                received += data.size();
                if (received > options.message_bytes) has_answered = true;
                stream.write_all(data);
            }
        });
        load_run run(options, server.address());
        std::thread finger([&] {
            while (!has_answered) std::this_thread::yield();
            std::this_thread::sleep_for(300ms);
            ::kill(::getpid(), SIGINT);
        });
        testing::internal::CaptureStderr();
        const outcome result = run.run();
        EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "cancelled fibers are no errors";
        finger.join();
        EXPECT_TRUE(result.interrupted);
        EXPECT_GT(result.counts.responses, 0U);
        EXPECT_EQ(result.counts.failures, 0U) << result.first_failure;
        EXPECT_GT(result.seconds, 0.0);
        EXPECT_LT(result.seconds, 100.0);
    }
}

TEST(rate, every_request_that_was_due_counts_once) {
    test_server server(echo);
    load_options options = short_run();
    options.rate = 2000;
    load_run run(options, server.address());
    const outcome result = run.run();
    EXPECT_EQ(result.counts.failures, 0U) << result.first_failure;
    EXPECT_GT(result.counts.responses, 0U);
    EXPECT_EQ(result.counts.requests, 600U) << result.unanswered << " unanswered";
    EXPECT_EQ(run.latencies().count(), 600U);
}

TEST(rate, warm_up_is_not_measured) {
    test_server server(echo);
    load_options options = short_run();
    options.rate = 2000;
    options.warmup_seconds = 0.2;
    load_run run(options, server.address());
    run.run();
    EXPECT_EQ(run.latencies().count(), 600U);
}

// One stall of 500 ms a connection. At 1000 requests a second about 500 fall due meanwhile: they
// waited, and it shows. A closed loop has only its eight requests under way then.
TEST(rate, a_stall_shows_in_all_requests_that_fell_into_it) {
    const auto stall_once = [](tcp_stream& stream) {
        stream.write_all(stream.read_lease());
        mioco::sleep_for(500ms);
        echo(stream);
    };
    test_server server(stall_once);
    load_options options = short_run();
    options.seconds = 1;
    options.rate = 1000;
    load_run open(options, server.address());
    const outcome result = open.run();
    EXPECT_EQ(result.counts.failures, 0U) << result.first_failure;
    EXPECT_GT(open.latencies().percentile(900), 100ms);

    options.rate.reset();
    load_run closed(options, server.address());
    closed.run();
    EXPECT_GT(closed.latencies().max(), 200ms);
}

TEST(rate, large_messages_do_not_block_the_receiver) {
    test_server server(echo);
    load_options options = short_run();
    options.message_bytes = 4'000'000;
    options.rate = 40;
    load_run run(options, server.address());
    const outcome result = run.run();
    EXPECT_EQ(result.counts.failures, 0U) << result.first_failure;
    EXPECT_EQ(run.latencies().count(), 12U);
}

}  // namespace
