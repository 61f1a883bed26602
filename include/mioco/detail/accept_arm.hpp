// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <mioco/detail/fd_ref.hpp>
#include <mioco/detail/io_arm.hpp>
#include <mioco/detail/message_io.hpp>

namespace mioco::detail {

/// The next connection of a listener, in a select. It is accepted by the arm that wins, and by no other.
class accept_arm : public io_arm {
public:
    explicit accept_arm(const fd_ref& listener) noexcept
        : io_arm(listener, io_ways::reading), listener_(&listener) {}
    ~accept_arm() override;

    bool try_take() override;

protected:
    /// Of the arm that has won: the connection's descriptor, or a negative errno value. `peer` is its address.
    int take_connection(message_address& peer);

private:
    const fd_ref* listener_;
    message_address peer_;
    int number_ = -1;
};

}  // namespace mioco::detail
