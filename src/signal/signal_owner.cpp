// SPDX-License-Identifier: MPL-2.0
#include "signal/signal_owner.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>

namespace mioco::detail {

namespace {

constinit std::array<std::atomic<signal_owner>, NSIG> owners{};

}  // namespace

bool take_signal(int number, signal_owner who) noexcept {
    signal_owner before = signal_owner::nobody;
    return owners[static_cast<std::size_t>(number)].compare_exchange_strong(before, who) ||
           before == who;
}

void give_signal_back(int number) noexcept {
    owners[static_cast<std::size_t>(number)] = signal_owner::nobody;
}

}  // namespace mioco::detail
