// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>

#include "fiber/fiber.hpp"

namespace mioco::detail {

/// Ready fibers in order, linked by their `next`. For one thread at a time.
class ready_list {
public:
    void push(fiber& f) noexcept {
        f.next = nullptr;
        (last_ == nullptr ? first_ : last_->next) = &f;
        last_ = &f;
        ++size_;
    }

    fiber* pop() noexcept {
        fiber* const f = first_;
        if (f != nullptr) {
            first_ = f->next;
            if (first_ == nullptr) last_ = nullptr;
            --size_;
        }
        return f;
    }

    /// The first so many. All of them cost no more than one.
    ready_list take(std::size_t most) noexcept {
        ready_list taken;
        if (size_ <= most) {
            taken.append(*this);
        } else {
            for (std::size_t i = 0; i < most; ++i) taken.push(*pop());
        }
        return taken;
    }

    /// All of the other list behind those that are here; that one is empty then.
    void append(ready_list& others) noexcept {
        if (others.empty()) return;
        (last_ == nullptr ? first_ : last_->next) = others.first_;
        last_ = others.last_;
        size_ += others.size_;
        others = {};
    }

    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    fiber* first_ = nullptr;
    fiber* last_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace mioco::detail
