// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>

namespace mioco::load {

/// Lets the process have descriptors for so many connections. Throws `bad_argument`, which names
/// the limit and how to raise it, when that is more than the process may allow itself.
void allow_connections(std::size_t count);

}  // namespace mioco::load
