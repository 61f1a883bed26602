// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <span>

#include <poll.h>

#include "fiber/fiber.hpp"

// A plain thread that has to wait in the library does it with a control block of its own, so that whatever wakes fibers wakes threads
// as well. It sleeps in ppoll(2) on an eventfd, and on the descriptors it waits for, if any: no poller of a runtime would
// look at those for it.

namespace mioco::detail {

/// The calling thread's block, made at the first call and retired when the thread ends. Throws as `fiber_pool::take`.
fiber& blocked_thread();

/// To be called before the block's first wait: 0, or a negative errno value when there is no descriptor for it.
int enable_blocking(fiber& self) noexcept;
/// The same; throws std::system_error.
void require_blocking(fiber& self);

/// Until the wait of `epoch` is over, or until something holds that the entries ask for, which ends the wait too. The first
/// entry is for the thread's own eventfd.
void block_thread(fiber& self, std::uint64_t epoch, nanoseconds_t deadline,
                  std::span<pollfd> entries) noexcept;

/// [winner of the claim] Completes the wait.
void unblock_thread(fiber& waiting) noexcept;

void retire_blocked_thread(fiber& block) noexcept;

}  // namespace mioco::detail
