// SPDX-License-Identifier: MPL-2.0
#include <stdexcept>
#include <string>

#include <mioco/timer.hpp>

namespace mioco {

interval::interval(clock::duration period, missed_ticks policy) : period_(period), policy_(policy) {
    if (period <= clock::duration::zero()) {
        throw std::invalid_argument("mioco: an interval's period must be at least 1 ns, not " +
                                    std::to_string(period.count()) + " ns");
    }
    reset();
}

void interval::reset() { next_ = detail::deadline_after(period_, now()); }

interval::clock::time_point interval::tick() {
    sleep_until(next_);
    return take(now());
}

interval::clock::time_point interval::take(clock::time_point now) noexcept {
    const clock::time_point due = next_;
    switch (policy_) {
        case missed_ticks::burst:
            next_ += period_;
            break;
        case missed_ticks::delay:
            next_ = now + period_;
            break;
        case missed_ticks::skip:
            next_ += ((now - due) / period_ + 1) * period_;
            break;
    }
    return due;
}

}  // namespace mioco
