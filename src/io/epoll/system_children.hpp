// SPDX-License-Identifier: MPL-2.0
#pragma once

namespace mioco::detail {

/// See driver::has_child_descriptors. Found out once: Linux 5.4 has them, valgrind and some sandboxes do not. `MIOCO_CHILDREN=thread` or
/// `=pidfd` asks for one of the two ways; throws std::invalid_argument for anything else, and if there are none.
bool system_has_child_descriptors();

}  // namespace mioco::detail
