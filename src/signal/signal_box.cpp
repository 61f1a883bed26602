// SPDX-License-Identifier: MPL-2.0
#include "signal/signal_box.hpp"

#include <bit>
#include <csignal>
#include <string>
#include <system_error>

#include "base/cure.hpp"
#include "fiber/parking.hpp"
#include "io/fd.hpp"
#include "io/wait_event.hpp"
#include "runtime/fork_guard.hpp"
#include "signal/signal_handler.hpp"

namespace mioco::detail {

namespace {

constexpr int most_signals = 64;
static_assert(NSIG == most_signals + 1, "each signal has a bit");

const char* why_it_is_no_message(int number, keeping_signals how) noexcept {
    switch (number) {
        case SIGKILL:
        case SIGSTOP:
            return "the system lets nobody handle it";
        case SIGSEGV:
        case SIGFPE:
        case SIGILL:
        case SIGBUS:
            return "it tells of a fault in the code that runs, which cannot go on";
        case SIGCHLD:
        case SIGCONT:
        case SIGURG:
        case SIGWINCH:
        case SIGTSTP:
        case SIGTTIN:
        case SIGTTOU:
            return how == keeping_signals::each
                       ? nullptr
                       : "a second one would not end the process: use mioco::signals";
        default:
            return number > 0 && number <= most_signals ? nullptr : "there is no such signal";
    }
}

}  // namespace

signal_box::signal_box(const char* what, std::span<const int> numbers, keeping_signals how)
    : how_(how), io_(current_driver()) {
    refuse_after_fork(what);
    watch_for_fork();
    if (io_.is_repeatable()) {
        throw std::system_error(
            std::make_error_code(std::errc::operation_not_supported),
            "mioco: " + std::string(what) +
                " in a simulation: a signal comes at another time in the next run; have a "
                "mioco::event in its place there");
    }
    for (const int number : numbers) add(what, number);
    if (wanted_ == 0) {
        throw std::system_error(std::make_error_code(std::errc::invalid_argument),
                                "mioco: " + std::string(what) + " of no signal");
    }
    event_ = io_.open_event();
    if (event_ < 0) {
        throw std::system_error(-event_, std::system_category(),
                                "mioco: " + std::string(what) + cure_of(event_));
    }
    fd_ = fd_ref(make_fd(event_));
    place_ = &tell_of_signals(*this);
}

// A child has its parent's handlers, but they tell its boxes of nothing.
signal_box::~signal_box() {
    if (!in_forked_child.load(std::memory_order_relaxed)) tell_no_more(*place_, *this);
}

void signal_box::add(const char* what, int number) {
    if (const char* const why = why_it_is_no_message(number, how_)) {
        throw std::system_error(
            std::make_error_code(std::errc::invalid_argument),
            "mioco: " + std::string(what) + " of " + signal_name(number) + ": " + why);
    }
    wanted_ |= bit_of(number);
}

bool signal_box::post(int number) noexcept {
    if (how_ == keeping_signals::first) {
        int none = 0;
        if (!first_.compare_exchange_strong(none, number)) return false;
    } else {
        came_.fetch_or(bit_of(number));
    }
    io_.signal_event(event_);
    return true;
}

int signal_box::take_next() noexcept {
    for (;;) {
        const std::uint64_t came = came_.load();
        if (came == 0) return 0;
        const unsigned turn = turn_.load(std::memory_order_relaxed);
        const auto behind =
            static_cast<unsigned>(std::countr_zero(std::rotr(came, static_cast<int>(turn))));
        const int number = static_cast<int>((turn + behind) % most_signals) + 1;
        turn_.store(static_cast<unsigned>(number) % most_signals, std::memory_order_relaxed);
        if ((came_.fetch_and(~bit_of(number)) & bit_of(number)) != 0) return number;
    }
}

int signal_box::take() {
    refuse_after_fork("a wait for a signal");
    if (how_ == keeping_signals::first) return first_.load();
    bool is_cleared = false;
    for (;;) {
        if (const int number = take_next()) {
            if (is_cleared && came_.load() != 0) io_.signal_event(event_);
            return number;
        }
        if (!io_.clear_event(event_)) return 0;
        is_cleared = true;
    }
}

int signal_box::receive() {
    begin_operation(wait_reason::signal);
    fiber& self = current_waiter();
    fd_object& fd = *fd_.get();
    for (;;) {
        fd[side::read].begin_attempt(self.index);
        if (const int number = take()) return number;
        const int failure = wait_for_event_on(fd, side::read, {wait_reason::signal});
        if (is_interruption(failure)) throw_interrupted(wait_reason::signal);
        if (failure < 0) throw_unwatched(failure, "a wait for a signal");
    }
}

}  // namespace mioco::detail
