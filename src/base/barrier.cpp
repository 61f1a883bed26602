// SPDX-License-Identifier: MPL-2.0
#include "base/barrier.hpp"

#include "base/sys.hpp"

namespace mioco::detail {

constinit std::atomic<bool> barrier_sync::is_split{false};

void barrier_sync::prepare_barriers() noexcept {
    static const bool once = [] {
        is_split = sys::register_for_barriers() == 0;
        return true;
    }();
    static_cast<void>(once);
}

void barrier_sync::heavy_barrier() noexcept {
    full_barrier();
    if (!has_light_barrier() || sys::barrier_in_all_threads() == 0) return;
    // A sandbox that the process has entered forbids it. From here on each side pays for itself; and who is past a light barrier is past its
    // read long before this pause ends.
    constexpr std::int64_t pause_ns = 1'000'000;
    is_split = false;
    sys::sleep_until(sys::monotonic_ns() + pause_ns);
}

}  // namespace mioco::detail
