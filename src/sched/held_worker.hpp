// SPDX-License-Identifier: MPL-2.0
#pragma once

#include "sched/worker.hpp"
#include "time/lazy_timer.hpp"

namespace mioco::detail {

/// What is known of a worker from one look at it to the next: whether a fiber has held it all the while.
class held_worker {
public:
    /// True once for each time that a fiber has held it for so long.
    bool look(const worker::activity& now_doing, nanoseconds_t now, nanoseconds_t limit) noexcept {
        if (now_doing != doing_) {
            doing_ = now_doing;
            since_ = now;
            told_ = false;
        }
        held_for_ = now - since_;
        if (doing_.running == nullptr || told_ || held_for_ < limit) return false;
        return told_ = true;
    }

    [[nodiscard]] const worker::activity& doing() const noexcept { return doing_; }
    [[nodiscard]] nanoseconds_t held_for() const noexcept { return held_for_; }

private:
    worker::activity doing_;
    nanoseconds_t since_ = 0;
    nanoseconds_t held_for_ = 0;
    bool told_ = false;
};

}  // namespace mioco::detail
