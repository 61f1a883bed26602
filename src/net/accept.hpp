// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <mioco/detail/message_io.hpp>

namespace mioco::detail {

/// Waits for the next connection; see tcp_listener::accept for what it passes over and waits out. Returns its descriptor, or a negative
/// errno value.
int accept_patiently(const fd_ref& fd, message_address& peer);

/// The same, of a connection that is there now; -EAGAIN if there is none.
int accept_at_once(const fd_ref& fd, message_address& peer);

}  // namespace mioco::detail
