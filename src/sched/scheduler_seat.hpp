// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <memory>

#include <mioco/scheduler.hpp>

#include "sched/ready_list.hpp"
#include "time/lazy_timer.hpp"

namespace mioco::detail {

class worker;

// How a runtime with a scheduler of the user's differs from one without.
//
// Its fibers are `placed` and `pinned`, so none comes into a queue that others take from. A fiber that gets ready belongs to the
// worker that it was on last, and is put into that worker's list of those to announce, by way of the inbox if need be. The user's
// code runs on the worker's own stack only: the loop takes a fiber from that list, gives it into keeping (`wait_word::keep`), and hands
// the scheduler a `ready_fiber`, which is the name of that keeping. Whoever takes the fiber out of it owns it: the scheduler, to
// queue it in `bound_`, from where the worker runs it as it runs any other; or a stop. What is left of a
// `ready_fiber` after that takes nothing.

/// A worker's side of a scheduler of the user's. For the worker's thread, unless stated otherwise.
class scheduler_seat {
public:
    explicit scheduler_seat(worker& self) noexcept : self_(self) {}

    /// [the worker starts] Makes the scheduler.
    void arrive() noexcept;

    /// Whether there is one; there is none while it is being made.
    [[nodiscard]] bool is_made() const noexcept { return user_ != nullptr; }

    /// [any stack of the thread] Takes a ready fiber to be announced here, or where it belongs.
    void admit(fiber& f) noexcept;
    /// The same for one that was placed here.
    void admit_here(fiber& f) noexcept;
    /// The same for a list of them, linked by `next`.
    void admit_delivered(fiber* first) noexcept;

    /// [loop] Announces what was admitted, and ticks. Whether there is something to run, or more to announce.
    bool serve() noexcept;
    /// [loop, before a sleep] What the scheduler bounds it to.
    [[nodiscard]] nanoseconds_t longest_sleep_ns() noexcept;

    /// [owner of a ready fiber] Before it is admitted for the first time. May be repeated.
    static void enter(fiber& f) noexcept;
    /// [any thread, owner of a fiber that no scheduler is to be asked about] It runs at its worker, or at this one.
    static void give_to_runtime(fiber& f) noexcept;
    /// [any thread, owner] For this worker's scheduler to decide.
    static void place(fiber& f, worker& at) noexcept;

private:
    void announce(fiber& f) noexcept;
    void run(fiber& f) noexcept;
    [[nodiscard]] bool can_ask() noexcept;
    bool make() noexcept;
    template <class Call>
    void ask(const char* name, Call call) noexcept;

    worker& self_;
    std::unique_ptr<scheduler> user_;  // null: not made yet, or could not be
    ready_list announcing_;
    std::size_t announcing_count_ = 0;
};

}  // namespace mioco::detail
