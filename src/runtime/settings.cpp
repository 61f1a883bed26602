// SPDX-License-Identifier: MPL-2.0
#include "runtime/settings.hpp"

#include <charconv>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "debug/log.hpp"
#include "runtime/cpu_count.hpp"
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

unsigned worker_setting(const config& asked) {
    const std::string allowed = "a whole number from 1 to " +
                                std::to_string(config::maximum_workers) +
                                "; leave it out for one worker for each CPU";
    const auto in_bounds = [](std::size_t n) { return n >= 1 && n <= config::maximum_workers; };
    if (const auto text = environment("MIOCO_WORKERS")) {
        const auto number = parse_number(*text);
        if (!number || !in_bounds(*number)) refuse("MIOCO_WORKERS", "\"" + *text + "\"", allowed);
        return static_cast<unsigned>(*number);
    }
    const std::optional<unsigned> count = asked.workers();
    if (!count) return std::min(usable_cpu_count(), config::maximum_workers);
    if (!in_bounds(*count)) refuse("config::workers", std::to_string(*count), allowed);
    return *count;
}

migration migration_setting(const config& asked) {
    const auto text = environment("MIOCO_MIGRATE");
    if (!text) return asked.migrate();
    if (*text == "allowed") return migration::allowed;
    if (*text == "never") return migration::never;
    if (*text == "always") return migration::always;
    refuse("MIOCO_MIGRATE", "\"" + *text + "\"", "allowed, never or always");
}

void check_engine() {
    const auto text = environment("MIOCO_ENGINE");
    if (text && *text != "epoll") refuse("MIOCO_ENGINE", "\"" + *text + "\"", "epoll");
}

}  // namespace

stack_kind checked_stack(std::size_t bytes, bool guarded, const std::string& where) {
    if (bytes < config::minimum_stack_size_bytes || bytes > config::maximum_stack_size_bytes) {
        refuse(where, std::to_string(bytes), stack_sizes);
    }
    return stack_kind::of(bytes, guarded);
}

settings resolve_settings(const config& asked) {
    check_engine();
    check_log_setting();
    chosen_guard_method();
    return {worker_setting(asked), stack_setting(asked), asked.uncaught(), migration_setting(asked),
            asked.name()};
}

}  // namespace mioco::detail
