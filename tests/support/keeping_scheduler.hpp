// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <deque>
#include <mutex>
#include <utility>

#include "support/scripted_scheduler.hpp"
#include "support/world.hpp"

namespace mioco_test {

/// Keeps whatever it is told of, for the test to take.
class keeper {
public:
    keeper() {
        script_.spawned = script_.ready = [this](mioco::ready_fiber f) {
            const std::scoped_lock held(guard_);
            kept_.push_back(std::move(f));
        };
    }
    [[nodiscard]] const schedule_script& script() const { return script_; }
    mioco::ready_fiber take() {
        for (;; mioco_test::yield_thread()) {
            const std::scoped_lock held(guard_);
            if (kept_.empty()) continue;
            mioco::ready_fiber first = std::move(kept_.front());
            kept_.pop_front();
            return first;
        }
    }

private:
    schedule_script script_;
    std::mutex guard_;
    std::deque<mioco::ready_fiber> kept_;
};

}  // namespace mioco_test
