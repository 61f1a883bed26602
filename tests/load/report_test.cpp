// SPDX-License-Identifier: MPL-2.0
#include "report.hpp"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

namespace {

using namespace mioco::load;
using std::chrono::nanoseconds;

load_options some_options() {
    load_options options;
    options.address = "localhost:5555";
    options.connections = 64;
    options.seconds = 30;
    return options;
}

outcome some_outcome() {
    outcome result;
    result.seconds = 2;
    result.counts = {.requests = 1001, .responses = 999, .failures = 1};
    result.unanswered = 2;
    result.first_failure = "connection 7: \"\xff\"";
    return result;
}

TEST(report, heading_is_that_of_old) {
    EXPECT_EQ(heading(some_options()),
              "Benchmarking: localhost:5555\n64 clients, running 26 bytes, 30 sec.\n\n");
}

TEST(report, heading_of_a_part_of_a_second) {
    load_options options = some_options();
    options.seconds = 0.25;
    options.message_bytes = 65'536;
    EXPECT_EQ(heading(options),
              "Benchmarking: localhost:5555\n64 clients, running 65536 bytes, 0.25 sec.\n\n");
}

TEST(report, summary_is_that_of_old) {
    EXPECT_EQ(summary(some_outcome()),
              "Speed: 500 request/sec, 500 response/sec\nRequests: 1001\nResponses: 999\n");
}

TEST(report, summary_of_nothing) {
    EXPECT_EQ(summary(outcome{}),
              "Speed: 0 request/sec, 0 response/sec\nRequests: 0\nResponses: 0\n");
}

TEST(report, details_tell_latencies_in_microseconds) {
    histogram latencies;
    latencies.record(nanoseconds(40), 999);
    latencies.record(nanoseconds(2'500'000));
    EXPECT_EQ(details(some_outcome(), latencies),
              "Errors: 1\nUnanswered: 2\n"
              "Latency: p50 0.0 us, p99 0.0 us, p99.9 0.0 us, max 2500.0 us\n");
}

TEST(report, json_holds_all_of_it) {
    histogram latencies;
    latencies.record(nanoseconds(2'500'000));
    load_options options = some_options();
    options.rate = 12'345;
    const auto json = nlohmann::json::parse(json_report(options, some_outcome(), latencies));
    EXPECT_EQ(json["address"], "localhost:5555");
    EXPECT_EQ(json["connections"], 64);
    EXPECT_EQ(json["message_bytes"], 26);
    EXPECT_EQ(json["pipeline"], 1);
    EXPECT_EQ(json["rate"], 12'345);
    EXPECT_EQ(json["warmup_seconds"], 0);
    EXPECT_EQ(json["seconds"], 2);
    EXPECT_EQ(json["requests"], 1001);
    EXPECT_EQ(json["responses"], 999);
    EXPECT_EQ(json["requests_per_second"], 500.5);
    EXPECT_EQ(json["responses_per_second"], 499.5);
    EXPECT_EQ(json["errors"], 1);
    EXPECT_EQ(json["unanswered"], 2);
    EXPECT_EQ(json["interrupted"], false);
    EXPECT_EQ(json["max_us"], 2500);
    EXPECT_EQ(json["p50_us"], 2500);
    EXPECT_EQ(json["p99_us"], 2500);
    EXPECT_EQ(json["p99_9_us"], 2500);
    EXPECT_TRUE(json["first_error"].get<std::string>().starts_with("connection 7: "));
}

TEST(report, json_has_no_rate_without_one) {
    const auto json =
        nlohmann::json::parse(json_report(some_options(), some_outcome(), histogram()));
    EXPECT_TRUE(json["rate"].is_null());
}

TEST(report, throughput_line_is_that_of_old) {
    EXPECT_EQ(throughput_line(1000, 3, 24), "Throughput: 333.33 [reqests/sec], errors: 24\n");
    EXPECT_EQ(throughput_line(0, 0, 1), "Throughput: 0.00 [reqests/sec], errors: 1\n");
}

}  // namespace
