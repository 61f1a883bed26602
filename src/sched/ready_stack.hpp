// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <array>
#include <cstddef>

#include "sched/ready_list.hpp"

namespace mioco::detail {

/// Lists of ready fibers, of which the last that was pushed is taken from first. Of very many the oldest become one. For one thread at a
/// time.
class ready_stack {
public:
    /// `fibers`, of which there are some, is empty then.
    void push(ready_list& fibers) noexcept {
        if (depth_ == most_lists) {
            list(0).append(list(1));
            list(1).append(list(0));
            ++bottom_;
            --depth_;
        }
        size_ += fibers.size();
        list(depth_++).append(fibers);
    }

    /// The newest list, or as many of it; empty if there is none.
    ready_list pop(std::size_t most) noexcept {
        if (depth_ == 0) return {};
        ready_list& newest = list(depth_ - 1);
        ready_list popped = newest.take(most);
        size_ -= popped.size();
        if (newest.empty()) --depth_;
        return popped;
    }

    /// So many of the oldest to the end of `others`, or all if there are no more.
    void move_oldest_to(ready_list& others, std::size_t count) noexcept {
        while (count > 0 && depth_ > 0) {
            ready_list moved = list(0).take(count);
            size_ -= moved.size();
            count -= moved.size();
            others.append(moved);
            if (!list(0).empty()) return;
            ++bottom_;
            --depth_;
        }
    }

    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    static constexpr std::size_t most_lists = 256;

    ready_list& list(std::size_t height) noexcept {
        return lists_[(bottom_ + height) % most_lists];
    }

    std::array<ready_list, most_lists> lists_;  // none of those in use is empty, and all others are
    std::size_t bottom_ = 0;
    std::size_t depth_ = 0;
    std::size_t size_ = 0;
};

}  // namespace mioco::detail
