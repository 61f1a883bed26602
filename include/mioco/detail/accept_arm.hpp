// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <chrono>

#include <mioco/detail/deadline.hpp>
#include <mioco/detail/fd_ref.hpp>
#include <mioco/detail/io_arm.hpp>
#include <mioco/detail/message_io.hpp>

namespace mioco::detail {

/// The next connection of a listener, in a select. It is accepted by the arm that wins, and by no other. When there is a shortage
/// of descriptors or memory, or each client fails, it is tried again after a pause that grows, as by `accept`.
class accept_arm : public io_arm {
public:
    explicit accept_arm(const fd_ref& listener) noexcept : io_arm(listener, io_ways::reading) {}
    ~accept_arm() override;

    void begin() noexcept override;
    bool try_take() override;
    bool arm(const select_waiter& who) noexcept override;
    void disarm(const select_waiter& who) noexcept override;
    bool poll_entry(pollfd& entry) const noexcept override;
    [[nodiscard]] nanoseconds_t deadline() const noexcept override { return again_at_; }

protected:
    /// Of the arm that has won: the connection's descriptor, or a negative errno value. `peer` is its address.
    int take_connection(message_address& peer);

private:
    [[nodiscard]] bool is_pausing() const noexcept { return again_at_ != never; }

    message_address peer_;
    int number_ = -1;
    nanoseconds_t again_at_ = never;  // set while it pauses
    std::chrono::milliseconds pause_{};
};

}  // namespace mioco::detail
