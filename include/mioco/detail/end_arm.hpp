// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <mioco/detail/fiber_handle.hpp>
#include <mioco/detail/select_arm.hpp>

namespace mioco::detail {

/// A fiber's end in a select. What is wrong with the handle counts as an end, as `join` tells of it.
class end_arm : public select_arm {
public:
    explicit end_arm(fiber* joined) noexcept : select_arm(kind::hinted), joined_(joined) {}

    bool try_take() override;
    bool arm(const select_waiter& who) noexcept override;
    void disarm(const select_waiter& who) noexcept override;

protected:
    /// Of a handle that may have another fiber by now.
    void set_joined(fiber* joined) noexcept { joined_ = joined; }

private:
    fiber* joined_;
};

}  // namespace mioco::detail
