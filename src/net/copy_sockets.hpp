// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <mioco/copy.hpp>

#include "net/copy_progress.hpp"

namespace mioco::detail {

/// From one stream socket to another, until the end.
copy_progress copy_between_sockets(const copy_end& from, const copy_end& to);

}  // namespace mioco::detail
