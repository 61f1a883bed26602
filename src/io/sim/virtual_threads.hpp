// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "context/context.hpp"
#include "fiber/eh_globals.hpp"
#include "fiber/fiber.hpp"
#include "io/driver.hpp"
#include "io/sim/turns.hpp"
#include "sched/current.hpp"
#include "stack/stack.hpp"

// The threads of a simulation take turns on one thread of the system. Each runs until it waits or looks around, and who goes on then is
// drawn from the world's seed; time passes when all of them wait.
//
// So one of them is never interrupted: what the library does between two such calls, under a lock say, is done in one go. That the lock-free
// parts stand interruption at any place is shown elsewhere, by tests/model.

namespace mioco::detail::sim {

class world;

class virtual_threads {
public:
    /// The calling thread becomes the first of them. `stuck` is called when all wait and nothing is to come: it must see to it that one
    /// can go on. `late` is called once, when all wait and the time would pass `limit`.
    virtual_threads(world& in, driver& io, std::function<void()> stuck, nanoseconds_t limit,
                    std::function<void()> late);
    /// By the first one, when all others have been joined.
    ~virtual_threads();
    virtual_threads(const virtual_threads&) = delete;
    virtual_threads& operator=(const virtual_threads&) = delete;

    struct options {
        boot of{};
        nanoseconds_t latest = 0;  // it begins a little later, by a drawn time of at most that
    };
    /// See driver::start_thread.
    std::unique_ptr<driver_thread> start(options wanted, std::function<void()> body);

    // By a virtual thread
    /// Until somebody wakes who waits at this place, or the deadline. Others run meanwhile.
    void wait(const void* place, nanoseconds_t deadline) noexcept;
    /// Others may run.
    void look_around() noexcept { wait(nullptr, 0); }
    void wake(const void* place) noexcept;

    /// For which the calling thread was started.
    [[nodiscard]] boot running() const noexcept { return running_->started_for; }
    /// Those that wait as plain threads do, all but the first: `visit(boot, const fiber&)`, the block with which it does.
    template <class Visit>
    void for_each_blocked(Visit visit) const {
        for (const auto& each : threads_) {
            const fiber* const block = each.get() == running_ ? current_thread().blocked_thread
                                                              : each->state.blocked_thread;
            if (each != threads_.front() && !each->has_ended && block != nullptr &&
                !block->word.is_done())
                visit(each->started_for, *block);
        }
    }

private:
    struct thread {
        boot started_for;
        std::function<void()> body;
        stack memory;
        context own;    // the stack that it began on
        context saved;  // while it waits, on whichever stack
        thread_state state;
        eh_globals exceptions;
        const void* place = nullptr;
        nanoseconds_t until = 0;
        bool is_woken = false;
        bool has_ended = false;
        virtual_threads* of = nullptr;
    };
    class handle;

    [[nodiscard]] thread& draw_next() noexcept;
    void switch_to(thread& next) noexcept;
    void restore(thread& next) noexcept;
    [[noreturn]] static void main(void* started);
    void join(thread& ended) noexcept;
    void let_time_pass() noexcept;

    world& world_;
    driver& io_;
    const std::function<void()> stuck_;
    nanoseconds_t limit_;  // none any more once it has been passed
    const std::function<void()> late_;
    std::vector<std::unique_ptr<thread>> threads_;  // in the order of their starts
    std::vector<thread*> candidates_;
    thread* running_;
    const thread_state before_;
};

}  // namespace mioco::detail::sim
