// SPDX-License-Identifier: MPL-2.0
#include <cerrno>
#include <mutex>
#include <utility>

#include "base/never_destroyed.hpp"
#include "process/child_state.hpp"
#include "runtime/fork_guard.hpp"

// Children that were detached. Somebody has to ask for their status when they have ended, or they stay zombies; whoever starts or detaches
// another one does, which keeps their number in bounds and needs neither a thread nor a signal.

namespace mioco::detail {

namespace {

struct left_children {
    std::mutex guard;
    child_state* first = nullptr;
};

never_destroyed<left_children> left;

}  // namespace

void leave_child(child_state& child) noexcept {
    if (in_forked_child.load(std::memory_order_relaxed)) return forget_child(child);
    {
        const std::scoped_lock held(left.value.guard);
        child.next = std::exchange(left.value.first, &child);
    }
    settle_left_children();
}

void settle_left_children() noexcept {
    const std::scoped_lock held(left.value.guard);
    for (child_state** link = &left.value.first; *link != nullptr;) {
        child_state* const child = *link;
        if (child->settle() == -EAGAIN) {
            link = &child->next;
        } else {
            *link = child->next;
            delete child;
        }
    }
}

}  // namespace mioco::detail
