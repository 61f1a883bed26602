// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace mioco::load {

/// What `benchmark-echo` is asked for.
struct echo_options {
    std::string host;
    std::uint16_t port = 5555;
    std::uint32_t fibers = 1;       // that run at once
    std::uint32_t connections = 1;  // that each fiber opens, one after the other
    std::uint32_t echoes = 1;       // on each connection
    std::string file;               // whose content is the message; empty: a short greeting

    /// The echoes of all connections.
    [[nodiscard]] std::uint64_t total() const noexcept {
        return std::uint64_t{fibers} * connections * echoes;
    }
};

/// Exit statuses that the original has besides 0 and 2.
enum echo_status : int {
    status_unknown_option = 1,
    status_bad_file = 1,
    status_no_fiber = 3,
    status_lost_fiber = 4
};

/// The longest message.
inline constexpr std::size_t max_echo_bytes = 10'240;

/// Reads the arguments, without the program's own name, into `options`. Gives the exit status when
/// the program has to end now; it has said why.
std::optional<int> parse_echo_options(std::span<const char* const> arguments,
                                      echo_options& options);

/// The message to send. Throws `std::runtime_error`, which names the file, when it can't be read,
/// is empty or too long.
std::string read_message(const echo_options& options);

}  // namespace mioco::load
