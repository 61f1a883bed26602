// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <string>

namespace mioco::detail {

/// What a user can do about a failure, in brackets for the text of its error, to stand behind what was wanted, with the limit that was
/// met; "" for those where it depends. `failure` is a negative errno value.
std::string cure_of(int failure);

/// The same, of a bind to an address with a port.
std::string cure_of_bind(int failure);

}  // namespace mioco::detail
