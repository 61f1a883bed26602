// SPDX-License-Identifier: MPL-2.0
#include "base/barrier.hpp"

#include "base/sys.hpp"

namespace mioco::detail {

namespace {
// Whether a heavy barrier needs the kernel: longer than a light one is free, until nobody is past one that was.
constinit std::atomic<bool> asks_kernel{false};
}  // namespace

void barrier_sync::prepare_barriers() noexcept {
    static const bool once = [] {
        is_split = asks_kernel = sys::register_for_barriers() == 0;
        return true;
    }();
    static_cast<void>(once);
}

void barrier_sync::heavy_barrier() noexcept {
    full_barrier();
    if (!asks_kernel || sys::barrier_in_all_threads() == 0) return;
    // A sandbox that the process has entered forbids it. From here on each side pays for itself; and who is past a light barrier is past its
    // read long before this pause ends. Who comes meanwhile is denied too, and has a pause of its own.
    constexpr std::int64_t pause_ns = 1'000'000;
    is_split = false;
    sys::sleep_until(sys::monotonic_ns() + pause_ns);
    asks_kernel = false;
}

}  // namespace mioco::detail
