// SPDX-License-Identifier: MPL-2.0
#pragma once

namespace mioco::detail {

class runtime_core;

/// [end of a runtime, when its last fiber has ended] Puts back the handlers that `stop_on_signal` replaced.
void forget_stop_signals(const runtime_core& ending) noexcept;

/// Whether a signal stops this runtime.
[[nodiscard]] bool has_stop_signal(const runtime_core& asked) noexcept;

}  // namespace mioco::detail
