// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <string>

#include <mioco/detail/wait_queue.hpp>

#include "fiber/fiber.hpp"
#include "fiber/wait_word.hpp"

// What ends a call that waits, or keeps it from waiting: that its fiber was asked to stop, or a deadline of `with_deadline`. Both are seen
// at the depth only, of shields and of unwinding, at which they count. The hint `may_be_cancelled` tells of both.

namespace mioco::detail {

/// Of calls that tell by a negative errno value: one that sockets and files have no use for.
inline constexpr int deadline_failure = -62;  // -ETIME

[[nodiscard]] constexpr bool is_interruption(std::int64_t failure) noexcept {
    constexpr int cancelled = -125;  // -ECANCELED
    return failure == cancelled || failure == deadline_failure;
}

/// [the fiber or thread] -ECANCELED, `deadline_failure`, or 0.
int look_for_interruption(fiber& self) noexcept;
[[nodiscard]] inline int interruption(fiber& self) noexcept {
    if (!self.may_be_cancelled.load(std::memory_order_seq_cst)) [[likely]]
        return 0;
    return look_for_interruption(self);
}
/// Of the caller.
[[nodiscard]] int caller_interruption() noexcept;
/// The same of a call that is no cancellation point: whether its deadline has passed.
[[nodiscard]] bool deadline_has_passed(fiber& self) noexcept;

/// [fiber or thread that is masked, see is_masked] What must not end its next wait.
[[nodiscard]] wait_masks masks_inside(const fiber& self) noexcept;

/// [fiber or thread, after a wait that a timer has ended] The deadline of `with_deadline` has passed.
void note_deadline_passed(fiber& self) noexcept;

/// ", as the deadline of 2 s has passed", if that is what the failure means; else empty.
std::string deadline_text(std::int64_t failure);

/// If there is an interruption.
inline void throw_if_interrupted(fiber& self, wait_reason why) {
    if (interruption(self) != 0) [[unlikely]]
        throw_interrupted(why);
}
/// [after a call that ended with `failure`] Throws fiber_cancelled if that was the caller's cancel. Devices have an ECANCELED too, as a
/// timerfd whose clock was set; who was asked to stop has no use for theirs.
void throw_if_cancel(std::int64_t failure);

}  // namespace mioco::detail
