// SPDX-License-Identifier: MPL-2.0
#pragma once

namespace mioco::detail {

class signal_box;
struct signal_place;

/// Has the box told of its signals from now on, which may be before this returns. Throws std::system_error when a signal cannot be
/// handled or is `stop_on_signal`'s, and std::bad_alloc.
signal_place& tell_of_signals(signal_box& box);
/// Puts back what was there before the first box that wanted a signal, if this is the last. No handler uses the box afterwards.
void tell_no_more(signal_place& where, const signal_box& box) noexcept;

}  // namespace mioco::detail
