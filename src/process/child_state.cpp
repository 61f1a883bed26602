// SPDX-License-Identifier: MPL-2.0
#include "process/child_state.hpp"

#include <cerrno>
#include <csignal>

#include <poll.h>
#include <sys/wait.h>

#include "base/signals_blocked.hpp"
#include "io/wait_event.hpp"
#include "runtime/fork_guard.hpp"

namespace mioco::detail {

namespace {

process::exit_status status_of(const siginfo_t& ended) noexcept {
    if (ended.si_code == CLD_EXITED) return process::exit_status::of_code(ended.si_status);
    return process::exit_status::of_signal(ended.si_status, ended.si_code == CLD_DUMPED);
}

// Blocks until it has ended, and leaves it a zombie.
void block_for_end(driver& io, child_name child) noexcept {
    siginfo_t ended{};
    while (io.child_status(child, WEXITED | WNOWAIT, ended) == -EINTR) {
    }
}

}  // namespace

child_state::~child_state() {
    if (watcher != nullptr) watcher->join();
}

child_name child_state::name() const noexcept { return {pid, has_pidfd ? fd_native(end) : -1}; }

void child_state::start_watcher() {
    driver& io = current_driver();
    const signals_blocked meanwhile;
    watcher = io.start_thread("mioco-child", [&io, child = name(), event = fd_native(end)] {
        block_for_end(io, child);
        io.signal_event(event);
    });
}

// The watcher has left when the event is there: so the number that it waits for is this child's all the time.
int child_state::settle() noexcept {
    const std::scoped_lock held(guard_);
    if (phase_ == phase::running) {
        driver& io = current_driver();
        if (!has_pidfd && io.ready_now(fd_native(end), POLLIN) <= 0) return -EAGAIN;
        siginfo_t ended{};
        const int result = io.child_status(name(), WEXITED | WNOHANG, ended);
        if (result == -EAGAIN) return result;
        phase_ = result == 0 ? phase::ended : phase::lost;
        if (result == 0) status_ = status_of(ended);
    }
    return phase_ == phase::ended ? 0 : -ECHILD;
}

int child_state::settle(fiber& self) noexcept {
    if (fd_object* const fd = end.get()) (*fd)[side::read].begin_attempt(self.index);
    return settle();
}

int child_state::wait(nanoseconds_t until) {
    fiber& self = current_waiter();
    if (!self.is_thread) spend(self);
    for (;;) {
        if (const int why = interruption(self)) return why;
        const int result = settle(self);
        if (result != -EAGAIN) return result;
        if (until != never && current_driver().now() >= until) return -EAGAIN;
        const int failure = wait_for_event_on(*end.get(), side::read, {wait_reason::child, until});
        if (failure < 0) return failure;
    }
}

void child_state::block() noexcept {
    if (watcher == nullptr) return block_for_end(current_driver(), name());
    watcher->join();
    watcher.reset();
}

// A plain thread blocks for real: it needs no descriptor for that. So does a fiber whose worker cannot watch any more.
void child_state::wait_certainly() noexcept {
    fiber* const self = current_fiber();
    if (self == nullptr) {
        if (settle() == -EAGAIN) block();
        static_cast<void>(settle());
        return;
    }
    const wait_terms terms{wait_reason::child, never, parking::cancelling::certain};
    while (settle(*self) == -EAGAIN) {
        if (wait_for_event_on(*end.get(), side::read, terms) < 0) block();
    }
}

int child_state::send_signal(int number, bool to_group) noexcept {
    if (to_group && !leads_group) return -EINVAL;
    const std::scoped_lock held(guard_);
    if (phase_ != phase::running) return 0;
    driver& io = current_driver();
    const int result = to_group ? io.signal_group(pid, number) : io.signal_child(name(), number);
    return result == -ESRCH ? 0 : result;
}

void forget_child(child_state& child) noexcept {
    child.forget_watcher();
    delete &child;
}

void end_child(child_state& child) noexcept {
    if (in_forked_child.load(std::memory_order_relaxed)) return forget_child(child);
    if (child.leads_group) static_cast<void>(child.send_signal(SIGKILL, true));
    if (child.send_signal(SIGKILL, false) != 0) return leave_child(child);
    child.wait_certainly();
    delete &child;
}

}  // namespace mioco::detail
