// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <mioco/detail/socket_io.hpp>

namespace mioco::detail {

/// Takes over a TCP socket and makes it non-blocking; throws std::system_error, with the descriptor left to the
/// caller, if it is none.
fd_ref adopt_socket(int fd);

}  // namespace mioco::detail
