// SPDX-License-Identifier: MPL-2.0
#include "options.hpp"

#include <mioco/config.hpp>

#include "arguments.hpp"
#include "schedule.hpp"

namespace mioco::load {

namespace {

constexpr std::size_t max_message_bytes = std::size_t{16} * 1024 * 1024;
constexpr std::uint32_t max_connections = 1'000'000;
constexpr std::uint32_t max_pipeline = 65'536;
constexpr std::size_t max_window_bytes = std::size_t{1} << 30;
constexpr double least_seconds = 0.01;
constexpr double most_seconds = 100'000;

// An option without a default: there is a difference between "not given" and any number.
template <class Number>
CLI::Option* add_optional_number(CLI::App& app, const std::string& names,
                                 std::optional<Number>& into, Number most,
                                 const std::string& help) {
    const auto store = [&into, names, most](const std::string& text) {
        into = parse_number<Number>(names, text, 1, most);
    };
    return app.add_option_function<std::string>(names, store, help)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->type_name("N");
}

void add_options(CLI::App& app, load_options& options) {
    app.add_option("-a,--address", options.address, "the server, as host:port")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->type_name("HOST:PORT")
        ->capture_default_str();
    add_number(app, "-c,--clients", options.connections, 1, max_connections, "connections [128]");
    add_number(app, "-t,--seconds", options.seconds, least_seconds, most_seconds,
               "how long to measure [10]");
    add_number(app, "-w,--warmup", options.warmup_seconds, 0, most_seconds,
               "seconds of load before the measurement [0]");
    add_number(app, "-s,--size", options.message_bytes, 1, max_message_bytes,
               "bytes of a message [26]");
    auto* pipeline = add_number(app, "-p,--pipeline", options.pipeline, 1, max_pipeline,
                                "requests under way at once on each connection [1]");
    add_optional_number<std::uint64_t>(
        app, "-r,--rate", options.rate, schedule::max_rate,
        "send so many requests a second over all connections, whether or not\n"
        "answers come; latency counts from the time a request was due")
        ->excludes(pipeline);
    add_optional_number<unsigned>(app, "--workers", options.workers, config::maximum_workers,
                                  "threads that run the clients [one a CPU]");
    app.add_flag("--json", options.json, "print one JSON object rather than text");
}

void check_together(const load_options& options) {
    if (options.message_bytes * options.pipeline > max_window_bytes) {
        throw CLI::ValidationError("--size, --pipeline",
                                   "their product must be at most " +
                                       std::to_string(max_window_bytes) + " bytes, not " +
                                       std::to_string(options.message_bytes * options.pipeline));
    }
}

}  // namespace

std::optional<int> parse_load_options(const std::string& program,
                                      std::span<const char* const> arguments,
                                      load_options& options) {
    CLI::App app("Loads an echo server and tells how many requests it answers, and how fast.",
                 program);
    app.footer(
        "Options may also be written as -c=128. Ctrl-C ends the run early and prints what was "
        "measured.");
    add_options(app, options);
    app.callback([&options] { check_together(options); });
    return parse_arguments(app, arguments,
                           [](const CLI::ParseError&) { return status_bad_arguments; });
}

}  // namespace mioco::load
