// SPDX-License-Identifier: MPL-2.0
#include <mutex>
#include <string>

#include <mioco/barrier.hpp>

#include "sync/refuse.hpp"

namespace mioco::detail {

namespace {

[[noreturn]] void refuse_arrival(std::ptrdiff_t count, std::ptrdiff_t left) {
    refuse(std::errc::invalid_argument,
           "barrier::arrive(" + std::to_string(count) + ") with " + std::to_string(left) +
               " still expected in this phase: " +
               (left == 0 ? "nobody may arrive" : "allowed is 1 up to so many"));
}

}  // namespace

barrier_core::barrier_core(std::ptrdiff_t expected) : expected_(expected), left_(expected) {
    if (expected >= 0) return;
    refuse(std::errc::invalid_argument,
           "barrier(" + std::to_string(expected) + "): it cannot expect less than 0");
}

barrier_core::arrival barrier_core::arrive(std::ptrdiff_t count, bool drops) {
    std::ptrdiff_t left = 0;
    {
        const std::scoped_lock held(line_.guard);
        left = left_;
        if (count > 0 && count <= left) {
            if (drops) --expected_;
            left_ -= count;
            return {phase_, left_ == 0};
        }
    }
    refuse_arrival(count, left);
}

void barrier_core::end_phase() noexcept {
    wake_list woken;
    {
        const std::scoped_lock held(line_.guard);
        left_ = expected_;
        ++phase_;
        woken.claim_all(line_.waiting);
    }
    woken.carry_out();
}

void barrier_core::wait(std::uint64_t phase) const {
    take_turn(line_, wait_reason::barrier, {}, [&] { return phase_ != phase; });
}

}  // namespace mioco::detail
