// SPDX-License-Identifier: MPL-2.0
#pragma once

#include "fiber/fiber.hpp"

namespace mioco::detail {

/// Ready fibers in order, linked by their `next`. For one thread at a time.
class ready_list {
public:
    void push(fiber& f) noexcept {
        f.next = nullptr;
        (last_ == nullptr ? first_ : last_->next) = &f;
        last_ = &f;
    }

    fiber* pop() noexcept {
        fiber* const f = first_;
        if (f != nullptr) {
            first_ = f->next;
            if (first_ == nullptr) last_ = nullptr;
        }
        return f;
    }

    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }

private:
    fiber* first_ = nullptr;
    fiber* last_ = nullptr;
};

}  // namespace mioco::detail
