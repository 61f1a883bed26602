// SPDX-License-Identifier: MPL-2.0
#include "io/sim/trace.hpp"

#include <cinttypes>
#include <cstdio>
#include <iterator>
#include <string>

namespace mioco::detail::sim {

namespace {

constexpr const char* act_names[] = {
    "open",
    "close",
    "bind",
    "listen",
    "accept",
    "connect",
    "shutdown",
    "send",
    "receive",
    "write",
    "read",
    "splice",
    "file",
    "named",
    "synced",
    "torn",
    "option",
    "lookup",
    "passed",
    "failed",
    "made short",
    "interrupted",
    "made to wait",
    "SYN arrived",
    "SYN-ACK arrived",
    "ACK of SYN-ACK arrived",
    "data arrived",
    "ACK arrived",
    "FIN arrived",
    "RST arrived",
    "SYN dropped",
    "held up",
    "gave up",
    "broke",
    "datagram arrived",
    "datagram lost",
    "unreachable",
    "event",
    "spurious event",
    "partitioned",
    "healed",
    "crashed",
    "restarted",
};

static_assert(std::size(act_names) == static_cast<std::size_t>(act::restarted) + 1);

}  // namespace

void trace::write_line(nanoseconds_t when, std::string_view host, act what, std::uint64_t object,
                       std::int64_t count) const {
    char numbers[96];
    constexpr nanoseconds_t second = 1'000'000'000;
    std::snprintf(numbers, sizeof numbers, "%" PRId64 ".%09" PRId64 " ", when / second,
                  when % second);
    std::string line = numbers;
    line += host;
    line += ' ';
    line += act_names[static_cast<std::size_t>(what)];
    std::snprintf(numbers, sizeof numbers, " #%" PRIu64 " %" PRId64, object, count);
    line += numbers;
    on_line_(line);
}

}  // namespace mioco::detail::sim
