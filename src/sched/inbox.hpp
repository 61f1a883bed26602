// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <mioco/detail/sync.hpp>

namespace mioco::detail {

/// Fibers made ready by others for one worker: anybody puts in, the worker takes all. `Item` has a `next` that is free while
/// the item is ready.
template <class Item, class Sync = system_sync>
class basic_inbox {
public:
    /// Whoever takes the item sees its fiber as the waker left it. Sequentially consistent, as is `empty`: see `sleep_gate`.
    void push(Item& item) noexcept {
        Item* old = head_.load(std::memory_order_relaxed);
        do {
            item.next = old;
        } while (!head_.compare_exchange_weak(old, &item, std::memory_order_seq_cst,
                                              std::memory_order_relaxed));
    }

    /// All items as a list, oldest first. Nobody takes single items off, so a reused address does no harm (no ABA).
    Item* take_all() noexcept {
        if (empty()) return nullptr;
        Item* newest = head_.exchange(nullptr, std::memory_order_acquire);
        Item* oldest = nullptr;
        while (newest != nullptr) {
            Item* const following = newest->next;
            newest->next = oldest;
            oldest = newest;
            newest = following;
        }
        return oldest;
    }

    /// Sequentially consistent: a worker that goes to sleep looks here after it said so, see `sleep_gate`.
    [[nodiscard]] bool empty() const noexcept {
        return head_.load(std::memory_order_seq_cst) == nullptr;
    }

private:
    // The newest item; each links to the one that came before it.
    typename Sync::template atomic<Item*> head_{nullptr};
};

}  // namespace mioco::detail
