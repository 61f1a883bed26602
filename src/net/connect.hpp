// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <string>
#include <vector>

#include <mioco/detail/deadline.hpp>
#include <mioco/detail/fd_ref.hpp>
#include <mioco/net/endpoint.hpp>

namespace mioco::detail {

struct connected_socket {
    fd_ref fd;
    net::endpoint peer;
    int failure = 0;         // or a negative errno value, see is_interruption
    std::string tried = {};  // of several addresses that failed: each, and why
};

/// Connects to the first of the addresses that answers, which RFC 8305 calls happy eyeballs: families take turns, and the next attempt
/// begins when one has failed, or has not ended 250 ms after it began. The others are given up then. -ETIMEDOUT at the deadline.
connected_socket connect_to(std::vector<net::endpoint> peers, nanoseconds_t deadline);

}  // namespace mioco::detail
