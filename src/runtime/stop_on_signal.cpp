// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstring>
#include <string>
#include <system_error>
#include <thread>

#include <unistd.h>

#include <mioco/runtime.hpp>

#include "base/keeping_errno.hpp"
#include "fiber/parking.hpp"
#include "runtime/fork_guard.hpp"
#include "runtime/runtime_core.hpp"
#include "runtime/stop_signals.hpp"
#include "sched/worker.hpp"
#include "signal/signal_owner.hpp"
#include "signal/signal_target.hpp"

namespace mioco {

namespace detail {

namespace {

struct registration {
    basic_signal_target<runtime_core> target;
    struct sigaction before{};
};

std::array<registration, NSIG> registrations;

// Whose runtimes the targets are: not those of a child, even if nobody has told it yet that it is one.
std::atomic<pid_t> process{0};

// SA_RESETHAND has put back the default action, for a second signal. If there is nothing to stop, the signal is raised again: in a child,
// for that action; when the target has just ended, for the handler that this put back.
void on_signal(int number) noexcept {
    const keeping_errno unchanged;
    const bool stops =
        getpid() == process.load() && registrations[static_cast<std::size_t>(number)].target.reach(
                                          [](runtime_core& core) { core.request_stop(); });
    if (!stops) raise(number);
}

}  // namespace

void forget_stop_signals(const runtime_core& ending) noexcept {
    for (std::size_t number = 1; number < registrations.size(); ++number) {
        registration& each = registrations[number];
        each.target.forget(ending, [&] {
            sigaction(static_cast<int>(number), &each.before, nullptr);
            give_signal_back(static_cast<int>(number));
        });
        while (!each.target.is_unused()) std::this_thread::yield();
    }
}

bool has_stop_signal(const runtime_core& asked) noexcept {
    return std::ranges::any_of(registrations,
                               [&](const registration& each) { return each.target.is(asked); });
}

}  // namespace detail

void stop_on_signal(int signal_number) {
    const detail::fiber* const self = detail::current_fiber();
    if (self == nullptr) {
        throw std::system_error(std::make_error_code(std::errc::operation_not_permitted),
                                "mioco: stop_on_signal must be called in a fiber: the signal stops "
                                "that fiber's runtime");
    }
    detail::refuse_after_fork("a stop on a signal");
    if (self->on->io().is_repeatable()) {
        throw std::system_error(
            std::make_error_code(std::errc::operation_not_supported),
            "mioco: stop_on_signal in a simulation: a signal comes at another time in the next "
            "run; stop the host by mioco::sim::stop");
    }
    const auto refuse = [&](const char* why, std::errc code = std::errc::invalid_argument) {
        throw std::system_error(
            std::make_error_code(code),
            "mioco: stop_on_signal(" + std::to_string(signal_number) + "): " + why);
    };
    if (signal_number <= 0 || signal_number >= NSIG) refuse("no such signal");
    struct sigaction action{};
    action.sa_handler = &detail::on_signal;
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART | SA_ONSTACK);
    sigemptyset(&action.sa_mask);
    detail::process.store(getpid());
    auto& mine = detail::registrations[static_cast<std::size_t>(signal_number)];
    bool is_others = false;
    const bool is_installed = mine.target.set(self->on->home(), [&](bool is_first) {
        is_others = !detail::take_signal(signal_number, detail::signal_owner::stop_on_signal);
        if (is_others) return false;
        struct sigaction before{};
        if (sigaction(signal_number, &action, &before) != 0) {
            if (is_first) detail::give_signal_back(signal_number);
            return false;
        }
        if (is_first) mine.before = before;
        return true;
    });
    if (is_others) {
        refuse("a mioco::signals or mioco::graceful_stop receives it; have one of the two",
               std::errc::device_or_resource_busy);
    }
    if (!is_installed) refuse("this signal cannot be handled");
}

}  // namespace mioco
