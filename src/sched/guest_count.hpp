// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

#include <mioco/detail/sync.hpp>

namespace mioco::detail {

/// Threads that are not a runtime's own, but are about to write into it to make one of its fibers ready.
///
/// A guest enters before it completes the fiber's wait, while the unfinished wait keeps the runtime alive, and leaves after its
/// last write. The runtime's end, which follows the fiber's, waits for zero.
template <class Sync = system_sync>
class basic_guest_count {
public:
    void enter() noexcept { guests_.fetch_add(1, std::memory_order_relaxed); }
    /// Release: the end sees all that the guest wrote.
    void leave() noexcept { guests_.fetch_sub(1, std::memory_order_release); }
    [[nodiscard]] bool none() const noexcept {
        return guests_.load(std::memory_order_acquire) == 0;
    }

private:
    // Relaxed entering is enough: it comes before the DONE that lets the fiber, and so the runtime, come to its end.
    typename Sync::template atomic<std::uint32_t> guests_{0};
};

using guest_count = basic_guest_count<>;

/// A guest for the life of this object.
class guest {
public:
    explicit guest(guest_count& count) noexcept : count_(count) { count.enter(); }
    ~guest() { count_.leave(); }
    guest(const guest&) = delete;
    guest& operator=(const guest&) = delete;

private:
    guest_count& count_;
};

}  // namespace mioco::detail
