// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <system_error>

#include <mioco/detail/socket_io.hpp>
#include <mioco/fd_handle.hpp>
#include <mioco/net/socket_option.hpp>

namespace mioco::net {

/// What every socket has beside its transfers: the descriptor and its options.
template <class Self>
class socket_handle : public fd_handle<Self> {
public:
    /// Sets an option of `net::option`, or one of the same shape.
    template <class Option>
    void set_option(const Option& option) {
        detail::socket_set_option(fd(), Option::level, Option::name, &option.value,
                                  sizeof option.value, nullptr);
    }
    /// The same, with the error in `ec`.
    template <class Option>
    void set_option(const Option& option, std::error_code& ec) {
        detail::socket_set_option(fd(), Option::level, Option::name, &option.value,
                                  sizeof option.value, &ec);
    }
    /// Reads an option.
    template <class Option>
    [[nodiscard]] Option get_option() const {
        Option option;
        detail::socket_get_option(fd(), Option::level, Option::name, &option.value,
                                  sizeof option.value, nullptr);
        return option;
    }
    /// The same, with the error in `ec`.
    template <class Option>
    [[nodiscard]] Option get_option(std::error_code& ec) const {
        Option option;
        detail::socket_get_option(fd(), Option::level, Option::name, &option.value,
                                  sizeof option.value, &ec);
        return option;
    }

private:
    [[nodiscard]] const detail::fd_ref& fd() const noexcept {
        return detail::fd_access::of(static_cast<const Self&>(*this));
    }
};

}  // namespace mioco::net
