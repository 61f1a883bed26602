// SPDX-License-Identifier: MPL-2.0
#include "runtime/settings.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "debug/log.hpp"
#include "stack/guard.hpp"

namespace mioco::detail {

namespace {

std::optional<std::string> environment(const char* name) {
    const char* const value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
}

[[noreturn]] void refuse(const std::string& where, const std::string& value,
                         const std::string& allowed) {
    throw std::invalid_argument("mioco: " + where + " = " + value + ": allowed is " + allowed);
}

std::optional<std::size_t> parse_number(std::string_view text) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::optional<std::size_t> parse_size(std::string_view text) {
    std::size_t unit = 1;
    if (text.ends_with('K') || text.ends_with('k')) unit = 1024;
    if (text.ends_with('M') || text.ends_with('m')) unit = std::size_t{1024} * 1024;
    if (unit != 1) text.remove_suffix(1);
    const auto number = parse_number(text);
    if (!number || *number > config::maximum_stack_size_bytes / unit) return std::nullopt;
    return *number * unit;
}

constexpr const char* stack_sizes =
    "16384 (16K) to 1073741824 (1024M) bytes, in the environment also with K or M behind the "
    "number";

stack_kind stack_setting(const config& asked) {
    const auto text = environment("MIOCO_STACK_SIZE");
    if (!text) return checked_stack(asked.stack_size(), asked.stack_guard(), "config::stack_size");
    const auto size = parse_size(*text);
    if (!size) refuse("MIOCO_STACK_SIZE", "\"" + *text + "\"", stack_sizes);
    return checked_stack(*size, asked.stack_guard(), "MIOCO_STACK_SIZE");
}

// A whole number, from the environment or else from the config; nothing if neither has one.
struct number_setting {
    const char* variable;
    const char* setter;
    std::size_t least;
    std::size_t most;
    std::string default_text;

    [[nodiscard]] std::optional<std::size_t> resolve(std::optional<std::size_t> asked,
                                                     const driver& io) const {
        const std::string allowed = "a whole number from " + std::to_string(least) + " to " +
                                    std::to_string(most) + "; leave it out for " + default_text;
        const auto in_bounds = [this](std::size_t n) { return n >= least && n <= most; };
        const auto text = io.is_repeatable() ? std::nullopt : environment(variable);
        if (text) {
            const auto number = parse_number(*text);
            if (!number || !in_bounds(*number)) refuse(variable, "\"" + *text + "\"", allowed);
            return number;
        }
        if (asked && !in_bounds(*asked)) refuse(setter, std::to_string(*asked), allowed);
        return asked;
    }
};

unsigned worker_setting(const config& asked, const driver& io) {
    const auto count = number_setting{"MIOCO_WORKERS", "config::workers", 1,
                                      config::maximum_workers, "one worker for each CPU"}
                           .resolve(asked.workers(), io);
    if (count) return static_cast<unsigned>(*count);
    return std::min(io.usual_workers(), config::maximum_workers);
}

// Jobs wait rather than compute, so the CPUs are no bound. 32 at once keep a disk's queue full, and their stacks take less than a
// megabyte; a machine with many CPUs has more to serve.
unsigned default_offload_threads(unsigned workers) {
    constexpr unsigned at_least = 32;
    constexpr unsigned a_worker = 4;
    return std::min(std::max(at_least, a_worker * workers), config::maximum_offload_threads);
}

unsigned offload_thread_setting(const config& asked, unsigned workers, const driver& io) {
    const auto count = number_setting{"MIOCO_OFFLOAD_THREADS", "config::offload_threads", 1,
                                      config::maximum_offload_threads,
                                      "32, or four for each worker if that is more"}
                           .resolve(asked.offload_threads(), io);
    return count ? static_cast<unsigned>(*count) : default_offload_threads(workers);
}

std::size_t offload_queue_setting(const config& asked, const driver& io) {
    const auto count =
        number_setting{"MIOCO_OFFLOAD_QUEUE", "config::offload_queue", 0,
                       config::maximum_offload_queue, std::to_string(config::default_offload_queue)}
            .resolve(asked.offload_queue(), io);
    return count.value_or(config::default_offload_queue);
}

migration wanted_migration(const config& asked) {
    const auto text = environment("MIOCO_MIGRATE");
    if (!text) return asked.migrate();
    if (*text == "allowed") return migration::allowed;
    if (*text == "never") return migration::never;
    if (*text == "always") return migration::always;
    refuse("MIOCO_MIGRATE", "\"" + *text + "\"", "allowed, never or always");
}

// A bad value is refused also where a scheduler decides instead.
migration migration_setting(const config& asked) {
    const migration wanted = wanted_migration(asked);
    return asked.scheduler() ? migration::allowed : wanted;
}

// By virtual time nobody holds a worker, and a simulation's stderr is no place for what the machine does.
nanoseconds_t watchdog_setting(const config& asked, const driver& io) {
    constexpr std::chrono::nanoseconds shortest = std::chrono::milliseconds(1);
    const std::chrono::nanoseconds limit = asked.watchdog();
    if (limit.count() != 0 && limit < shortest)
        refuse("config::watchdog", std::to_string(limit.count()) + " ns",
               "0 (none), or 1 ms and more");
    return io.is_repeatable() ? 0 : limit.count();
}

// In a simulation nothing comes while nobody sleeps, as no time passes; and a scheduler of the user's may know what nobody sees from here.
nanoseconds_t spin_setting(const config& asked, const driver& io) {
    constexpr nanoseconds_t ns_a_us = 1000;
    constexpr nanoseconds_t most_us = config::maximum_spin / std::chrono::microseconds(1);
    const number_setting in_us{"MIOCO_SPIN_US", "config::spin", 0, most_us,
                               std::to_string(config::default_spin / std::chrono::microseconds(1))};
    const std::chrono::nanoseconds limit = asked.spin();
    if (limit < std::chrono::nanoseconds(0) || limit > config::maximum_spin)
        refuse("config::spin", std::to_string(limit.count()) + " ns", "0 (never) to 1 ms");
    const auto chosen = in_us.resolve(std::nullopt, io);
    if (io.is_repeatable() || asked.scheduler()) return 0;
    return chosen ? static_cast<nanoseconds_t>(*chosen) * ns_a_us : limit.count();
}

int dump_signal_setting(const config& asked, const driver& io) {
    return io.is_repeatable() ? 0 : asked.dump_on_signal();
}

bool measuring_setting(const config& asked) {
    const auto text = environment("MIOCO_MEASURE_STACKS");
    if (!text) return asked.measure_stacks();
    if (*text != "0" && *text != "1") refuse("MIOCO_MEASURE_STACKS", "\"" + *text + "\"", "0 or 1");
    return *text == "1";
}

void check_engine() {
    const auto text = environment("MIOCO_ENGINE");
    if (!text || *text == "epoll") return;
    std::string allowed = "epoll";
    if (*text == "uring")
        allowed +=
            ". Sockets gain too little by an io_uring, see docs/io-uring.md; files use one anyway";
    refuse("MIOCO_ENGINE", "\"" + *text + "\"", allowed);
}

}  // namespace

stack_kind checked_stack(std::size_t bytes, bool guarded, const std::string& where) {
    if (bytes < config::minimum_stack_size_bytes || bytes > config::maximum_stack_size_bytes) {
        refuse(where, std::to_string(bytes), stack_sizes);
    }
    return stack_kind::of(bytes, guarded);
}

settings resolve_settings(const config& asked, const driver& io) {
    check_engine();
    check_log_setting();
    chosen_guard_method();
    const unsigned workers = worker_setting(asked, io);
    const migration moves = migration_setting(asked);
    return {.workers = workers,
            .stacks = stack_setting(asked),
            .uncaught = asked.uncaught(),
            .moves = moves,
            .places_fibers = moves == migration::always || asked.scheduler(),
            .deadlocks = asked.deadlocks(),
            .watchdog_ns = watchdog_setting(asked, io),
            .dump_signal = dump_signal_setting(asked, io),
            .name = asked.name(),
            .offload_threads = offload_thread_setting(asked, workers, io),
            .offload_queue = offload_queue_setting(asked, io),
            .measures_stacks = measuring_setting(asked),
            .spin_ns = spin_setting(asked, io),
            .data = asked.any_data(),
            .scheduler = asked.scheduler()};
}

}  // namespace mioco::detail
