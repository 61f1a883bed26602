// SPDX-License-Identifier: MPL-2.0
#pragma once

#include "command.hpp"

namespace colerr {

/// Shows both streams of a running command to their ends, its errors in color if wanted; passes on the signals that are sent to this
/// process until the command's end, and returns its status. What comes later does what it did before `block_signals`, which returned
/// `before`. In a fiber, on one worker.
int show_until_end(command& running, bool color, const sigset_t& before);

}  // namespace colerr
