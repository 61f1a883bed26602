// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <mioco/detail/deadline.hpp>
#include <mioco/net/resolve.hpp>

#include "net/host_name.hpp"

namespace mioco::detail {

/// The addresses of a name, of which there is one at least; or why there are none.
struct addresses {
    std::vector<net::endpoint> found;
    std::error_code failure;
    const char* wrong = nullptr;  // with the name, if that is why
};

/// Does not throw the caller's cancel: that is a failure, as of the other calls.
addresses look_up(std::string_view name, port_part port, const net::resolve_options& options,
                  nanoseconds_t deadline);

/// Sets `ec`, or throws a failure, or the caller's cancel, if that is null. `what` was to be done with the name.
void report_look_up(const addresses& got, std::string_view name, const std::string& what,
                    std::error_code* ec);

/// The last address, with the name if it has one, for an error.
std::string text_of_last(const addresses& got, std::string_view name);

}  // namespace mioco::detail
