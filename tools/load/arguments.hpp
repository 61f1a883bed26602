// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <charconv>
#include <concepts>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <type_traits>
#include <vector>

#include <CLI/CLI.hpp>

namespace mioco::load {

/// What the programs exit with.
enum exit_status : int { status_ok = 0, status_failed = 1, status_bad_arguments = 2 };

/// Rewrites `-c=128` and `--c=128`, as Go's command lines have it, to the two arguments `-c` and
/// `128`: the parser would take "=128" for the value. Longer names, and all that follows `--`, stay
/// as they are.
std::vector<std::string> split_equals(std::span<const char* const> arguments);

/// Parses. Gives the exit status when the program has to end now: zero for `--help`, which goes to
/// stdout; for bad arguments, about which a message goes to stderr, what `status_of` says.
std::optional<int> parse_arguments(CLI::App& app, std::span<const char* const> arguments,
                                   const std::function<int(const CLI::ParseError&)>& status_of);

/// The number in `text`, from `least` to `most`. Anything else throws the parser's error, which
/// names the option and says what is allowed.
template <class Number>
Number parse_number(const std::string& option, const std::string& text, Number least, Number most) {
    Number value{};
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value);
    if (result.ec == std::errc() && result.ptr == end && value >= least && value <= most)
        return value;
    const char* kind = std::integral<Number> ? "a whole number" : "a number";
    throw CLI::ValidationError(option, std::string("must be ") + kind + " from " +
                                           CLI::detail::to_string(least) + " to " +
                                           CLI::detail::to_string(most) + ", not \"" + text + "\"");
}

/// Adds an option that takes one number from `least` to `most`. Where it is given several times,
/// the last one counts.
template <class Number>
CLI::Option* add_number(CLI::App& app, const std::string& names, Number& into,
                        std::type_identity_t<Number> least, std::type_identity_t<Number> most,
                        const std::string& help) {
    const auto store = [&into, names, least, most](const std::string& text) {
        into = parse_number<Number>(names, text, least, most);
    };
    return app.add_option_function<std::string>(names, store, help)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->type_name("N");
}

}  // namespace mioco::load
