// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <sys/socket.h>

#include "io/sim/descriptors.hpp"
#include "io/sim/socket.hpp"

namespace mioco::detail::sim {

/// What a message's control data asks to be passed. 0, or a negative errno value.
int read_control(const msghdr& message, const descriptor_table& open, outgoing& into);

/// Writes what came with a message, and opens the descriptors that there is room for; the others are lost.
void write_control(incoming& from, descriptor_table& open, host_id host, msghdr& message);

}  // namespace mioco::detail::sim
