// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

namespace mioco::detail {

/// Whose handler a signal has: each of the two kinds puts back what it found, so there is one at a time.
enum class signal_owner : std::uint8_t { nobody, stop_on_signal, receivers };

/// Whether the signal is `who`'s from now on. It may be already.
[[nodiscard]] bool take_signal(int number, signal_owner who) noexcept;
/// [its owner, when the handler that was there before is back]
void give_signal_back(int number) noexcept;

}  // namespace mioco::detail
