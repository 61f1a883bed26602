// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "sched/neighbour_view.hpp"
#include "sched/pause_count.hpp"
#include "sched/watch_board.hpp"
#include "time/lazy_timer.hpp"

namespace mioco::detail {

class worker;

// How workers help each other.
//
// A worker runs the fibers whose events it polls, and wakes no other for them: a hand-over to a sleeping core costs more than most
// handlers do. Instead an idle worker looks after the busy ones. While any worker is inside a fiber, one of the idle ones
// watches, or two of many: it sleeps for 100 us at a time, more when there was nothing to do (200 us at most while a fiber
// holds up a worker), and then takes
//
//   - from a worker that has been busy for 400 us without a pause: fibers that were queued at the last look already;
//   - from a worker that has not polled since the last look: those, the events at its poller, its overdue timers, what others
//     delivered to it, and at last the fiber in its slot. A fiber that computes for a second holds up nobody else.
//
// Where nobody is idle enough to watch, those that spin in place of sleeps look after the others between, each 200 us.
//
// When all have been idle for a while the watcher goes to sleep for good, and no CPU is used. The worker that is then the first to
// get something to do, and finds no watcher, wakes one.

/// One worker's view of the others; used by that worker only.
class neighbourhood {
public:
    /// `is_alone`: it is the only one, and never has anything to do here.
    neighbourhood(worker& self, bool is_alone) noexcept : self_(self), is_alone_(is_alone) {}

    /// Around the worker's life as a runner of fibers.
    void arrive() noexcept;
    void depart() noexcept;

    /// Around each sleep. True: as a watcher, so sleep for `interval_ns` at most, then call `help`.
    bool begin_sleep(nanoseconds_t now) noexcept { return !is_alone_ && fall_asleep(now); }
    void end_sleep(nanoseconds_t now) noexcept {
        if (!is_alone_) wake_up(now);
    }
    /// A spin in place of one: for others it was busy, and yet had nothing to do.
    void count_spin(nanoseconds_t from, nanoseconds_t to) noexcept {
        pauses_.begin(from);
        pauses_.end(to);
        spun_ = true;
    }
    [[nodiscard]] nanoseconds_t interval_ns() const noexcept { return interval_ns_; }
    /// [between the two] No worker is inside a fiber.
    [[nodiscard]] bool all_rest() const noexcept { return is_alone_ || !board().any_busy(); }
    /// A worker is inside a fiber, and nobody watches.
    [[nodiscard]] bool need_a_watcher() const noexcept {
        return !is_alone_ && board().needs_watcher();
    }
    /// Before running fibers after a sleep: somebody else watches from now on, if there is anybody.
    void ensure_watcher() noexcept {
        if (!is_alone_) rouse_a_watcher();
    }

    /// Takes what has waited, see above. Fibers are queued at the own worker.
    void help() noexcept;
    /// For a worker that has nothing left to do: what has waited, as far as that is known from the last look. Whether there was
    /// any.
    bool find_waiting() noexcept { return !is_alone_ && find_waiting_elsewhere(); }

private:
    [[nodiscard]] watch_board& board() const noexcept;
    // What is done above where there are others.
    bool fall_asleep(nanoseconds_t now) noexcept;
    void wake_up(nanoseconds_t now) noexcept;
    void rouse_a_watcher() noexcept;
    bool find_waiting_elsewhere() noexcept;
    void begin_watching(nanoseconds_t now) noexcept;
    neighbour_view::findings look(worker& other, nanoseconds_t now) noexcept;
    enum class attention { none, soon, at_once };
    attention help(worker& other, nanoseconds_t now) noexcept;
    bool steal_from(worker& other, std::uint64_t up_to) noexcept;
    bool relieve(worker& other) noexcept;
    template <class Visit>
    void for_each_other(Visit visit);

    static constexpr unsigned quiet_rounds_until_sleep = 40;
    static constexpr nanoseconds_t shortest_interval_ns = 100'000;
    static constexpr nanoseconds_t held_up_interval_ns = 200'000;
    static constexpr nanoseconds_t longest_interval_ns = 1'000'000;

    worker& self_;
    const bool is_alone_;
    bool watching_ = false;
    bool watched_ = false;  // in its last sleep
    bool spun_ = false;     // since then
    pause_count pauses_;
    nanoseconds_t looked_at_ = 0;
    unsigned quiet_rounds_ = 0;  // sleeps in a row before which nobody was busy
    nanoseconds_t interval_ns_ = shortest_interval_ns;
    std::vector<neighbour_view> views_;  // of each worker, by number
};

}  // namespace mioco::detail
