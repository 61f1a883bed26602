// SPDX-License-Identifier: MPL-2.0
#include "report.hpp"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdarg>
#include <cstdio>

#include <nlohmann/json.hpp>

namespace mioco::load {

namespace {

[[gnu::format(printf, 1, 2)]] std::string format(const char* form, ...) {
    std::array<char, 512> text{};
    va_list values;
    va_start(values, form);
    const int size = std::vsnprintf(text.data(), text.size(), form, values);
    va_end(values);
    return {text.data(), std::min(static_cast<std::size_t>(size), text.size() - 1)};
}

double per_second(std::uint64_t count, double seconds) {
    return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

double microseconds(std::chrono::nanoseconds time) {
    return static_cast<double>(time.count()) / 1e3;
}

}  // namespace

std::string heading(const load_options& options) {
    return "Benchmarking: " + options.address + "\n" +
           format("%" PRIu32 " clients, running %zu bytes, %g sec.\n\n", options.connections,
                  options.message_bytes, options.seconds);
}

std::string summary(const outcome& result) {
    const totals& counts = result.counts;
    return format("Speed: %.0f request/sec, %.0f response/sec\n",
                  per_second(counts.requests, result.seconds),
                  per_second(counts.responses, result.seconds)) +
           format("Requests: %" PRIu64 "\nResponses: %" PRIu64 "\n", counts.requests,
                  counts.responses);
}

std::string details(const outcome& result, const histogram& latencies) {
    return format("Errors: %" PRIu64 "\nUnanswered: %" PRIu64 "\n", result.counts.failures,
                  result.unanswered) +
           format("Latency: p50 %.1f us, p99 %.1f us, p99.9 %.1f us, max %.1f us\n",
                  microseconds(latencies.percentile(500)), microseconds(latencies.percentile(990)),
                  microseconds(latencies.percentile(999)), microseconds(latencies.max()));
}

std::string json_report(const load_options& options, const outcome& result,
                        const histogram& latencies) {
    const totals& counts = result.counts;
    nlohmann::ordered_json json = {
        {"address", options.address},
        {"connections", options.connections},
        {"message_bytes", options.message_bytes},
        {"pipeline", options.pipeline},
        {"rate", options.rate ? nlohmann::ordered_json(*options.rate) : nlohmann::ordered_json()},
        {"warmup_seconds", options.warmup_seconds},
        {"seconds", result.seconds},
        {"requests", counts.requests},
        {"responses", counts.responses},
        {"requests_per_second", per_second(counts.requests, result.seconds)},
        {"responses_per_second", per_second(counts.responses, result.seconds)},
        {"errors", counts.failures},
        {"first_error", result.first_failure},
        {"unanswered", result.unanswered},
        {"interrupted", result.interrupted},
        {"p50_us", microseconds(latencies.percentile(500))},
        {"p99_us", microseconds(latencies.percentile(990))},
        {"p99_9_us", microseconds(latencies.percentile(999))},
        {"max_us", microseconds(latencies.max())},
    };
    return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string throughput_line(std::uint64_t successes, double seconds, std::uint64_t errors) {
    return format("Throughput: %.2f [reqests/sec], errors: %" PRIu64 "\n",
                  per_second(successes, seconds), errors);
}

}  // namespace mioco::load
