// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <utility>

#include "time/lazy_timer.hpp"

namespace mioco::detail {

/// What a worker knows of another from one look at it to the next, and concludes from that. For one thread.
class neighbour_view {
public:
    struct signs {
        std::uint64_t queue_end = 0;  // position in its queue that the next fiber gets
        std::uint32_t polls = 0;
        std::uint32_t pauses = 0;
        bool asleep = false;
    };
    struct findings {
        bool is_asleep;
        bool is_held_up;          // has not polled since the last look
        bool may_be_stolen_from;  // what was put in its queue before:
        std::uint64_t queue_end_before;
    };

    findings look(const signs& seen, nanoseconds_t now) noexcept {
        const signs before = std::exchange(last_, seen);
        if (seen.pauses != before.pauses) busy_since_ = now;
        // One that has just been woken has not polled since it slept.
        const bool held_up = !seen.asleep && !before.asleep && seen.polls == before.polls;
        return {seen.asleep, held_up, held_up || busy_for_long(now), before.queue_end};
    }

    /// Between looks: where a thief who has nothing else to do has to stop. 0 if it must not begin.
    [[nodiscard]] std::uint64_t may_steal_up_to(std::uint32_t pauses,
                                                nanoseconds_t now) const noexcept {
        return pauses == last_.pauses && busy_for_long(now) ? last_.queue_end : 0;
    }

    // A worker that had a pause in between has been done with all it had. So what is queued is a burst, and the end of a burst costs
    // less there than on a core that has to be woken for it.
    static constexpr nanoseconds_t burst_ns = 400'000;

private:
    [[nodiscard]] bool busy_for_long(nanoseconds_t now) const noexcept {
        return now - busy_since_ >= burst_ns;
    }

    signs last_;
    nanoseconds_t busy_since_ = 0;
};

}  // namespace mioco::detail
