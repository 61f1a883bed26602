// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <memory>

#include <mioco/detail/io_arm.hpp>

namespace mioco::detail {

class signal_box;
struct end_signal_box {
    void operator()(signal_box* box) const noexcept;
};
using signal_box_ptr = std::unique_ptr<signal_box, end_signal_box>;

class signal_arm;

/// "A signal has come", as a case.
struct signal_case {
    using select_arm_type = signal_arm;
    signal_box* from;
};

class signal_arm : public io_arm {
public:
    explicit signal_arm(const signal_case& from) noexcept;

    bool try_take() override;
    /// Which one.
    [[nodiscard]] int take() const noexcept { return number_; }

private:
    signal_box* box_;
    int number_ = 0;
};

}  // namespace mioco::detail
