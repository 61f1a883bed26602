// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <mutex>

#include <mioco/detail/line.hpp>
#include <mioco/detail/select_arm.hpp>

namespace mioco::detail {

/// Being claimed in a line, as an arm of a select: in a line of `Owner`, whose `try_now` tells, guarded, whether
/// there is no need to.
template <class Owner>
class line_arm : public select_arm {
public:
    line_arm(Owner& owner, line& where) noexcept
        : select_arm(kind::queued), owner_(owner), line_(&where) {}

    bool try_take() override {
        const std::scoped_lock held(line_->guard);
        return owner_.try_now();
    }
    [[nodiscard]] spin_lock* guard() const noexcept override { return &line_->guard; }
    attempt try_guarded(wake_up&) noexcept override {
        return owner_.try_now() ? attempt::done : attempt::not_now;
    }
    void get_into_line(std::uint64_t token, std::uint16_t number) noexcept override {
        waiting_ = {.token = token, .number = number};
        line_->waiting.push(waiting_);
    }
    void leave_line() noexcept override {
        if (waiting_.linked) line_->waiting.remove(waiting_);
    }

protected:
    [[nodiscard]] Owner& owner() const noexcept { return owner_; }
    /// Of an owner that may be in another line by now.
    void set_line(line& where) noexcept { line_ = &where; }

private:
    Owner& owner_;
    line* line_;
    queued_arm waiting_;
};

}  // namespace mioco::detail
