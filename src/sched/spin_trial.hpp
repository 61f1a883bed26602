// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "time/lazy_timer.hpp"

namespace mioco::detail {

/// Whether a worker that has nothing to do had better look again and again for a while than go to sleep. What comes meanwhile is dealt with
/// at once, and the way into the kernel's sleep and out of it takes longer than most waits for a peer that is near. How much of the
/// processor's time the one and the other takes depends on the machine and on what the peer does, so it is tried out: after some sleeps that
/// were about as short as a spin come spins, which go on while the work is no dearer by them than it was by sleeps, or little dearer and
/// done much sooner. Else it sleeps again, and the next try comes after twice as many sleeps.
class spin_trial {
public:
    /// `longest_ns`: of one spin; 0: there are none.
    explicit spin_trial(nanoseconds_t longest_ns) noexcept : longest_ns_(longest_ns) {}

    /// How long to spin before the next sleep.
    [[nodiscard]] nanoseconds_t allowance_ns() const noexcept { return spins_ ? longest_ns_ : 0; }

    /// Whether there may ever be any.
    [[nodiscard]] bool may_begin() const noexcept { return longest_ns_ != 0; }

    /// What the worker's thread has used and done by now.
    struct account {
        nanoseconds_t cpu_ns = 0;
        nanoseconds_t time_ns = 0;
        std::uint64_t turns = 0;  // of fibers
    };
    /// Before its first sleep, and whenever it may go on by another thread, which has an account of its own.
    void begin_window(const account& now) noexcept {
        before_ = now;
        waited_ns_ = 0;
        count_ -= count_ % (spins_ ? spins_a_window : sleeps_a_window);
        vain_ = 0;
    }

    /// After something else has been done. What was waited for until then, such as a deadline, no spin would have brought sooner.
    void begin_wait() noexcept { before_.time_ns += std::exchange(waited_ns_, 0); }

    // Both tell whether `judge` is due.
    /// A sleep that found nothing is a part of a wait.
    [[nodiscard]] bool count_sleep(nanoseconds_t slept_ns, bool has_found) noexcept {
        if (longest_ns_ == 0) return false;
        waited_ns_ += slept_ns;
        if (!has_found) return false;
        const bool is_long = waited_ns_ > 2 * longest_ns_;
        // No spin would shorten it, so it is not to stand in any turn's time.
        if (!is_long) waited_ns_ = 0;
        begin_wait();
        if (spins_) return false;
        if (is_long) {
            count_ = std::max(count_ - short_sleeps_a_long_one, 0);
            return false;
        }
        return ++count_ % sleeps_a_window == 0;
    }
    [[nodiscard]] bool count_spin(bool has_found) noexcept {
        begin_wait();
        const int windows_before = count_ / spins_a_window;
        count_ += has_found ? 1 : spins_a_vain_one;
        vain_ += has_found ? 0 : 1;
        return count_ / spins_a_window != windows_before;
    }

    void judge(const account& now) noexcept {
        const turn each = turn_between(std::exchange(before_, now), now);
        const bool mostly_found = std::exchange(vain_, 0) <= most_vain_spins_a_window;
        if (!spins_) {
            by_sleeps_ = each;
            if (count_ >= sleeps_until_try_) begin(true);
        } else if ((!mostly_found || !pays(each)) && count_ >= spins_until_judged) {
            sleeps_until_try_ = std::min(2 * sleeps_until_try_, most_sleeps_until_try);
            begin(false);
        } else if (count_ >= spins_in_a_row) {
            sleeps_until_try_ = fewest_sleeps_until_try;
            begin(false);
        }
    }

private:
    // What one takes.
    struct turn {
        double cpu_ns = 0;
        double time_ns = 0;
    };
    static turn turn_between(const account& from, const account& to) noexcept {
        const auto turns = static_cast<double>(std::max<std::uint64_t>(to.turns - from.turns, 1));
        return {static_cast<double>(to.cpu_ns - from.cpu_ns) / turns,
                static_cast<double>(to.time_ns - from.time_ns) / turns};
    }
    [[nodiscard]] bool pays(const turn& by_spins) const noexcept {
        const double time = by_spins.time_ns / std::max(by_sleeps_.time_ns, 1.0);
        const double cpu = by_spins.cpu_ns / std::max(by_sleeps_.cpu_ns, 1.0);
        return time <= little_later && cpu <= (time <= much_sooner ? little_dearer : 1);
    }
    void begin(bool spins) noexcept {
        spins_ = spins;
        count_ = 0;
        vain_ = 0;
    }

    static constexpr int sleeps_a_window = 128;
    static constexpr int short_sleeps_a_long_one = 4;
    static constexpr int spins_a_window = 256;
    static constexpr int spins_a_vain_one = 8;
    static constexpr int most_vain_spins_a_window = spins_a_window / 16;  // a ninth of them
    // A peer that has slept deeply until now needs a while to get faster.
    static constexpr int fewest_sleeps_until_try = 2 * sleeps_a_window;
    static constexpr int spins_until_judged = 2 * spins_a_window;
    static constexpr int most_sleeps_until_try = 8192;
    // Then it sleeps for a while, as that may cost something else by now.
    static constexpr int spins_in_a_row = 262'144;
    // As where another program has the processor whenever the spin lets it.
    static constexpr double little_later = 1.25;
    static constexpr double much_sooner = 2.0 / 3;
    static constexpr double little_dearer = 1.25;

    const nanoseconds_t longest_ns_;
    bool spins_ = false;
    int count_ = 0;                // of sleeps or of spins, since the last change
    int vain_ = 0;                 // of those, in this window
    nanoseconds_t waited_ns_ = 0;  // in sleeps that found nothing, since something was found
    int sleeps_until_try_ = fewest_sleeps_until_try;
    account before_;  // at the last judgement
    turn by_sleeps_;  // in the last window of those
};

}  // namespace mioco::detail
