// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <mioco/detail/sync.hpp>

namespace mioco::detail {

/// Room for one item apart from a worker's queue: what its running fiber made ready last, and so runs next.
template <class T, class Sync = system_sync>
class basic_next_slot {
public:
    [[nodiscard]] bool empty() const noexcept {
        return item_.load(std::memory_order_relaxed) == nullptr;
    }

    /// [owner] Puts an item in, or null; whoever gets one out, by this or by `take`, has it alone.
    T* swap(T* item) noexcept { return item_.exchange(item, std::memory_order_acq_rel); }
    /// [owner, where nobody else takes] The same. An exchange costs as much as all else of a wake-up.
    T* swap_unshared(T* item) noexcept {
        T* const before = item_.load(std::memory_order_relaxed);
        item_.store(item, std::memory_order_relaxed);
        return before;
    }
    /// [any thread] Null if there is none.
    T* take() noexcept { return swap(nullptr); }

private:
    // Each item that was put in comes out of one exchange. Release on putting in, acquire on getting out: who runs the fiber sees
    // what was written before it was made ready.
    typename Sync::template atomic<T*> item_{nullptr};
};

}  // namespace mioco::detail
