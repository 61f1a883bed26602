// SPDX-License-Identifier: MPL-2.0
#pragma once

#include "command.hpp"

namespace colerr {

/// Shows both streams of a running command to their ends, its errors in color if wanted; passes on the signals that are sent to this
/// process meanwhile, and returns the command's status. In a fiber, on one worker.
int show_until_end(command& running, bool color);

}  // namespace colerr
