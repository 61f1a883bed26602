// SPDX-License-Identifier: MPL-2.0
#include <mioco/detail/sync.hpp>

#include <ctime>

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace mioco::detail {

// The results are of no interest: every caller looks at the word again.

void system_sync::wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected) noexcept {
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

void system_sync::wake_one(std::atomic<std::uint32_t>& word) noexcept {
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

void system_sync::back_off(unsigned round, const std::atomic<bool>& /*awaited*/) noexcept {
    constexpr unsigned spins = 64;
    constexpr unsigned yields = 80;
    if (round < spins) return relax();
    if (round < yields) {
        sched_yield();
        return;
    }
    constexpr timespec pause{0, 50'000};
    nanosleep(&pause, nullptr);
}

}  // namespace mioco::detail
