// SPDX-License-Identifier: MPL-2.0
#pragma once

namespace mioco::detail {

/// For a signal's handler: whoever it interrupts finds `errno` as it was.
class keeping_errno {
public:
    keeping_errno() noexcept;
    ~keeping_errno();
    keeping_errno(const keeping_errno&) = delete;
    keeping_errno& operator=(const keeping_errno&) = delete;

private:
    int before_;
};

}  // namespace mioco::detail
