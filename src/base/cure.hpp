// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <string>

namespace mioco::detail {

/// A failure that no system call comes to: the system watches no more descriptors for this user. Its errno value is that of a full disk.
inline constexpr int too_many_watched = -63;  // -ENOSR

/// The errno value that a failure is to be reported by.
[[nodiscard]] int errno_of(int failure) noexcept;

/// What a user can do about a failure, in brackets for the text of its error, to stand behind what was wanted, with the limit that was
/// met; "" for those where it depends. `failure` is a negative errno value.
std::string cure_of(int failure);

/// The same, of a bind to an address with a port.
std::string cure_of_bind(int failure);

}  // namespace mioco::detail
