// SPDX-License-Identifier: MPL-2.0
#include "signal/signal_handler.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

#include <unistd.h>

#include "base/keeping_errno.hpp"
#include "base/lock.hpp"
#include "sched/current.hpp"
#include "signal/passed_on.hpp"
#include "signal/signal_box.hpp"
#include "signal/signal_owner.hpp"
#include "signal/signal_target.hpp"

// The handler of all signals that objects receive, and who is told by it. It takes no lock: what it reads is never freed, and the
// places of boxes that are gone are used again.

namespace mioco::detail {

struct signal_place {
    basic_signal_target<signal_box> target;
    signal_place* next = nullptr;
    bool is_taken = false;  // under the lock
};

namespace {

struct disposition {
    struct sigaction action{};
    const disposition* next = nullptr;
};

struct signal_state {
    std::atomic<unsigned> boxes{0};                   // changes under the lock
    std::atomic<const disposition*> before{nullptr};  // what the handler has replaced
};

constinit lock changing;
constinit std::array<signal_state, NSIG> states{};
constinit std::atomic<signal_place*> places{nullptr};
// Whose boxes they are: not those of a child, even if nobody has told it yet that it is one.
constinit std::atomic<pid_t> process{0};

signal_state& state_of(int number) noexcept { return states[static_cast<std::size_t>(number)]; }

bool is_function(const struct sigaction& action) noexcept {
    return action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
}

void call(const struct sigaction& action, int number, siginfo_t* info, void* registers) noexcept {
    if ((action.sa_flags & SA_SIGINFO) != 0) {
        action.sa_sigaction(number, info, registers);
    } else {
        action.sa_handler(number);
    }
}

// The signal is blocked in its handler, so what is raised comes when that returns.
void raise_by_default(int number) noexcept {
    struct sigaction standard{};
    standard.sa_handler = SIG_DFL;
    sigaction(number, &standard, nullptr);
    raise(number);
}

void on_received(int number, siginfo_t* info, void* registers) noexcept;

bool is_ours(const struct sigaction& action) noexcept {
    return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == &on_received;
}

bool is_handled_here(int number) noexcept {
    struct sigaction now{};
    return sigaction(number, nullptr, &now) == 0 && is_ours(now);
}

// Somebody who had replaced this handler has put it back, after the last box had gone. A box that comes just now is counted before
// its handler is there: so either this sees it, or its handler comes after this.
void step_aside(const struct sigaction& before, int number) noexcept {
    if (state_of(number).boxes.load() != 0) return;
    struct sigaction ours{};
    sigaction(number, &before, &ours);
    if (state_of(number).boxes.load() != 0) sigaction(number, &ours, nullptr);
}

// The last box has gone since the signal came, or somebody who replaced this handler still calls it or has put it back. It is raised
// again for its default effect, or for a box that has come meanwhile.
void act_without_boxes(const struct sigaction& before, int number, siginfo_t* info,
                       void* registers) noexcept {
    if (is_function(before)) return call(before, number, info, registers);
    struct sigaction now{};
    sigaction(number, nullptr, &now);
    if (is_ours(now)) step_aside(before, number);
    if (is_ours(now) || now.sa_handler == SIG_DFL) raise(number);
}

void act_in_child(const struct sigaction& before, int number) noexcept {
    sigaction(number, &before, nullptr);
    raise(number);
}

void on_received(int number, siginfo_t* info, void* registers) noexcept {
    const keeping_errno unchanged;
    const void* const frame = __builtin_frame_address(0);
    passed_signal& passed = current_thread().by_receivers;
    if (is_called_back(passed, registers, frame)) return;
    const struct sigaction& before = state_of(number).before.load()->action;
    if (getpid() != process.load()) return act_in_child(before, number);
    const passing_on meanwhile(passed, registers, frame);
    bool is_wanted = false;
    bool is_last = false;
    for (signal_place* each = places.load(); each != nullptr; each = each->next) {
        each->target.reach([&](signal_box& box) {
            if (!box.wants(number)) return;
            is_wanted = true;
            if (!box.post(number)) is_last = true;
        });
    }
    if (!is_wanted) return act_without_boxes(before, number, info, registers);
    if (is_last) return raise_by_default(number);
    if (is_function(before)) call(before, number, info, registers);
}

// The system fills in no more of the mask than there are signals.
bool is_same(const struct sigaction& one, const struct sigaction& other) noexcept {
    if (one.sa_sigaction != other.sa_sigaction || one.sa_flags != other.sa_flags) return false;
    for (int number = 1; number < NSIG; ++number) {
        if (sigismember(&one.sa_mask, number) != sigismember(&other.sa_mask, number)) return false;
    }
    return true;
}

// [locked] One that is kept for good, as a handler may use it at any time.
const disposition& kept(const struct sigaction& action) {
    static const disposition* known = nullptr;
    for (const disposition* each = known; each != nullptr; each = each->next) {
        if (is_same(each->action, action)) return *each;
    }
    known = new disposition{action, known};
    return *known;
}

// Nothing else comes in the middle, so whatever leaves a handler by a jump leaves none of these half-way; but a fault in a handler that
// is called from here is to be seen. A handler that was there has the stack that it wanted, and children end as before.
struct sigaction action_instead_of(const struct sigaction& before, int number) noexcept {
    struct sigaction action{};
    action.sa_sigaction = &on_received;
    action.sa_flags = static_cast<int>(SA_SIGINFO | SA_RESTART);
    action.sa_flags |= is_function(before) ? before.sa_flags & SA_ONSTACK : SA_ONSTACK;
    action.sa_flags |= before.sa_flags & (SA_NOCLDSTOP | SA_NOCLDWAIT);
    if (number == SIGCHLD && before.sa_handler == SIG_IGN) action.sa_flags |= SA_NOCLDWAIT;
    sigfillset(&action.sa_mask);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS})
        sigdelset(&action.sa_mask, fault);
    return action;
}

[[noreturn]] void refuse(std::errc code, int number, const char* why) {
    throw std::system_error(std::make_error_code(code),
                            "mioco: " + signal_name(number) + " cannot be received: " + why);
}

// [locked]
void replace_handler(int number) {
    struct sigaction before{};
    bool is_done = sigaction(number, nullptr, &before) == 0;
    if (is_done) {
        // Before the handler is there, which reads it. If somebody has put back ours meanwhile, what it has replaced is still known.
        if (is_ours(before)) {
            before = state_of(number).before.load()->action;
        } else {
            state_of(number).before = &kept(before);
        }
        const struct sigaction action = action_instead_of(before, number);
        is_done = sigaction(number, &action, nullptr) == 0;
    }
    if (!is_done) refuse(std::errc::invalid_argument, number, "the system refuses it a handler");
}

// [locked] Counted first, see `step_aside`.
void install(int number) {
    signal_state& state = state_of(number);
    if (state.boxes.fetch_add(1) == 0) {
        if (!take_signal(number, signal_owner::receivers)) {
            --state.boxes;
            refuse(std::errc::device_or_resource_busy, number,
                   "mioco::stop_on_signal has it until its runtime ends; have one of the two");
        }
        try {
            replace_handler(number);
        } catch (...) {
            --state.boxes;
            give_signal_back(number);
            throw;
        }
    }
}

// [locked] A handler that somebody has installed since then stays.
void uninstall(int number) noexcept {
    signal_state& state = state_of(number);
    if (--state.boxes != 0) return;
    if (is_handled_here(number)) sigaction(number, &state.before.load()->action, nullptr);
    give_signal_back(number);
}

// [locked]
signal_place& free_place() {
    for (signal_place* each = places.load(); each != nullptr; each = each->next) {
        if (!each->is_taken) return *each;
    }
    auto* const made = new signal_place;
    made->next = places.load();
    places = made;
    return *made;
}

// The handler goes before the box can be found no more: a signal that finds no box then has its former effect.
void leave(signal_place& where, const signal_box& box, int below) noexcept {
    for (int number = 1; number < below; ++number) {
        if (box.wants(number)) uninstall(number);
    }
    where.target.forget(box, [] {});
}

}  // namespace

signal_place& tell_of_signals(signal_box& box) {
    const std::scoped_lock held(changing);
    process = getpid();
    signal_place& where = free_place();
    static_cast<void>(where.target.set(box, [](bool) { return true; }));
    int number = 1;
    try {
        for (; number < NSIG; ++number) {
            if (box.wants(number)) install(number);
        }
    } catch (...) {
        leave(where, box, number);
        while (!where.target.is_unused()) std::this_thread::yield();
        throw;
    }
    where.is_taken = true;
    return where;
}

void tell_no_more(signal_place& where, const signal_box& box) noexcept {
    const std::scoped_lock held(changing);
    leave(where, box, NSIG);
    while (!where.target.is_unused()) std::this_thread::yield();
    where.is_taken = false;
}

std::string signal_name(int number) {
    const char* const name = sigabbrev_np(number);
    return "signal " + std::to_string(number) +
           (name == nullptr ? std::string() : std::string(" (SIG") + name + ")");
}

}  // namespace mioco::detail
