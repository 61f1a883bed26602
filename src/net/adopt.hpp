// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <string>
#include <system_error>
#include <utility>

#include <mioco/detail/fd_ref.hpp>

namespace mioco::detail {

enum class address_kind { internet, local };

/// Takes over a socket of this type, such as SOCK_STREAM, and makes it non-blocking. If it is none, the descriptor is left to the caller,
/// and the failure thrown or, with `ec`, set.
fd_ref adopt_socket(int fd, int type, address_kind kind, std::error_code* ec);

/// The same, of a descriptor that is known to be of the right kind. `what`: for an error.
fd_ref adopt_any(int fd, const std::string& what, std::error_code* ec);

/// "adopt of descriptor 7", for an error.
std::string adopt_text(int fd);

/// Whether the driver knows no such descriptor, as a simulation knows none of the kernel's: then the failure is thrown or set.
bool refuse_foreign(int fd, std::string what, std::error_code* ec);

/// Counts two descriptors that were just made; both are closed if memory is out.
std::pair<fd_ref, fd_ref> make_fd_pair(const int (&ends)[2]);

/// Of a Unix stream: see fd_object::in_parts.
void expect_parts(const fd_ref& fd) noexcept;

}  // namespace mioco::detail
