// SPDX-License-Identifier: MPL-2.0
#include <mutex>

#include <mioco/barrier.hpp>

namespace mioco::detail {

barrier_core::arrival barrier_core::arrive(std::ptrdiff_t count, bool drops) noexcept {
    const std::scoped_lock held(line_.guard);
    if (drops) --expected_;
    left_ -= count;
    return {phase_, left_ == 0};
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

void barrier_core::wait(std::uint64_t phase) {
    take_turn(line_, wait_reason::barrier, {}, [&] { return phase_ != phase; });
}

}  // namespace mioco::detail
