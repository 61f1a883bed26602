// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace mioco::load {

/// What `mioco-load` and `tcp_bench` are asked for.
struct load_options {
    std::string address = "127.0.0.1:5555";
    std::uint32_t connections = 128;
    double seconds = 10;
    double warmup_seconds = 0;
    std::size_t message_bytes = 26;
    std::uint32_t pipeline = 1;  // requests that a connection has under way at once
    std::optional<std::uint64_t>
        rate;  // requests a second of all connections; none: as fast as the answers come
    std::optional<unsigned> workers;
    bool json = false;
    double patience_seconds = 1;  // how long after the end answers are waited for; no argument
};

/// Reads the arguments, without the program's own name, into `options`. Gives the exit status when
/// the program has to end now; it has said why.
std::optional<int> parse_load_options(const std::string& program,
                                      std::span<const char* const> arguments,
                                      load_options& options);

}  // namespace mioco::load
