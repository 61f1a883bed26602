// SPDX-License-Identifier: MPL-2.0
#include "fiber/parking.hpp"

#include <mioco/error.hpp>

#include "base/assert.hpp"
#include "debug/log.hpp"
#include "fiber/blocked_thread.hpp"

namespace mioco::detail {

namespace {

constexpr const char* reason_texts[] = {"nothing", "sleep", "join", "read", "write", "the runtime's end"};

}  // namespace

fiber& current_waiter() {
    fiber* const running = current_fiber();
    return running != nullptr ? *running : blocked_thread();
}

parking::parking(fiber& self, wait_reason why, nanoseconds_t deadline, cancelling mode) noexcept
    : self_(self), deadline_(deadline) {
    self.waits_for = why;
    self.timer.set(deadline);
    epoch_ = self.word.begin(mode == cancelling::masked || is_masked(self));
}

parking::~parking() { MIOCO_ASSERT(self_.word.is_done(), "a wait has ended before its frame is left"); }

void parking::park(int fd, short events) noexcept {
    if (self_.is_thread) return block_thread(self_, epoch_, deadline_, fd, events);
    if (self_.word.is_done()) return;
    MIOCO_LOG("waits for %s", reason_texts[static_cast<int>(self_.waits_for)]);
    self_.on->park(self_, epoch_, deadline_);
}

void parking::abandon() noexcept {
    if (self_.word.claim(epoch_, wait_arm::self)) {
        static_cast<void>(self_.word.complete());
    } else {
        park();
    }
}

void throw_cancelled() { throw fiber_cancelled(); }

}  // namespace mioco::detail
