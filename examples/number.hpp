// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <charconv>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <system_error>

/// The number that an argument of the command line is. Throws std::invalid_argument, which says what is allowed.
template <class Number>
Number number_of(std::string_view argument, const char* what, Number least, Number most) {
    Number value{};
    const char* const end = argument.data() + argument.size();
    const auto parsed = std::from_chars(argument.data(), end, value);
    if (parsed.ec == std::errc() && parsed.ptr == end && value >= least && value <= most)
        return value;
    std::ostringstream message;
    message << '"' << argument << "\" is no number of " << what << ": give one from " << least
            << " to " << most;
    throw std::invalid_argument(message.str());
}
