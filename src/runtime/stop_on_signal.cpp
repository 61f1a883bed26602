// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

#include <mioco/runtime.hpp>

#include "base/lock.hpp"
#include "fiber/parking.hpp"
#include "runtime/runtime_core.hpp"
#include "runtime/stop_signals.hpp"
#include "runtime/stop_target.hpp"
#include "sched/worker.hpp"

namespace mioco {

namespace detail {

namespace {

struct registration {
    basic_stop_target<runtime_core> target;
    struct sigaction before{};
};

std::array<registration, NSIG> registrations;
constinit lock registering;  // of all but handlers

// The default action was put back by SA_RESETHAND, for a second signal.
void on_signal(int number) noexcept {
    registrations[static_cast<std::size_t>(number)].target.stop(
        [](runtime_core& core) { core.request_stop(); });
}

}  // namespace

void forget_stop_signals(const runtime_core& ending) noexcept {
    {
        const std::scoped_lock held(registering);
        for (std::size_t number = 1; number < registrations.size(); ++number) {
            registration& each = registrations[number];
            if (!each.target.is(ending)) continue;
            sigaction(static_cast<int>(number), &each.before, nullptr);
            each.target.exchange(nullptr);
        }
    }
    // Of each signal: a handler may still use what another runtime has replaced.
    for (const registration& each : registrations) {
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
    struct sigaction action{};
    action.sa_handler = &detail::on_signal;
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
    sigemptyset(&action.sa_mask);
    const std::scoped_lock held(detail::registering);
    struct sigaction before{};
    const bool known = signal_number > 0 && signal_number < NSIG;
    if (!known || sigaction(signal_number, nullptr, &before) != 0) {
        throw std::system_error(
            std::make_error_code(std::errc::invalid_argument),
            "mioco: stop_on_signal(" + std::to_string(signal_number) + "): no such signal");
    }
    auto& mine = detail::registrations[static_cast<std::size_t>(signal_number)];
    if (mine.target.exchange(&self->on->home()) == nullptr) mine.before = before;
    if (sigaction(signal_number, &action, nullptr) != 0) {
        mine.target.exchange(nullptr);
        throw std::system_error(std::make_error_code(std::errc::invalid_argument),
                                "mioco: stop_on_signal(" + std::to_string(signal_number) +
                                    "): this signal cannot be handled");
    }
}

}  // namespace mioco
