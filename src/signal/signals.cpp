// SPDX-License-Identifier: MPL-2.0
#include <mioco/signal.hpp>

#include <csignal>

#include "signal/signal_box.hpp"

namespace mioco {

namespace detail {

void end_signal_box::operator()(signal_box* box) const noexcept { delete box; }

signal_arm::signal_arm(const signal_case& from) noexcept
    : io_arm(from.from->descriptor(), io_ways::reading), box_(from.from) {}

// Another fiber may have been faster.
bool signal_arm::try_take() {
    if (!io_arm::try_take()) return false;
    number_ = box_->take();
    return number_ != 0;
}

namespace {

signal_box_ptr make_box(const char* what, std::span<const int> numbers, keeping_signals how) {
    return signal_box_ptr(new signal_box(what, numbers, how));
}

}  // namespace

}  // namespace detail

signals::signals(std::span<const int> numbers)
    : box_(detail::make_box("signals", numbers, detail::keeping_signals::each)) {}

int signals::recv() { return box_->receive(); }

std::optional<int> signals::try_recv() {
    detail::begin_attempt();
    const int number = box_->take();
    return number == 0 ? std::nullopt : std::optional(number);
}

graceful_stop::graceful_stop() : graceful_stop({SIGINT, SIGTERM}) {}

graceful_stop::graceful_stop(std::span<const int> numbers)
    : box_(detail::make_box("a graceful_stop", numbers, detail::keeping_signals::first)) {}

int graceful_stop::wait() { return box_->receive(); }

bool graceful_stop::is_due() {
    detail::begin_attempt();
    return box_->take() != 0;
}

}  // namespace mioco
