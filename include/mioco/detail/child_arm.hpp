// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <mioco/detail/io_arm.hpp>
#include <mioco/exit_status.hpp>

namespace mioco::detail {

struct child_access;
struct child_state;

/// A child's end in a select: its descriptor is readable then.
class child_arm : public io_arm {
public:
    explicit child_arm(child_state* state) noexcept;

    bool try_take() override;

protected:
    void begin_with(child_state* state) noexcept;
    /// Of the arm that has won. Throws what is wrong with the child.
    [[nodiscard]] process::exit_status status() const;

private:
    child_state* state_;
};

}  // namespace mioco::detail
