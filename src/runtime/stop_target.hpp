// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <mioco/detail/sync.hpp>

namespace mioco::detail {

/// Whom a signal stops. Its handler may run at any moment, in any thread, and may be half-way when what it stops comes to its end.
template <class Target, class Sync = system_sync>
class basic_stop_target {
public:
    /// [any] From now on this one, or none; returns whom it was before.
    Target* exchange(Target* target) noexcept { return target_.exchange(target); }
    [[nodiscard]] bool is(const Target& target) const noexcept { return target_.load() == &target; }

    /// [handler] Async-signal-safe, if `stop` is.
    template <class Stop>
    void stop(Stop stop) noexcept {
        handlers_.fetch_add(1);
        if (Target* const target = target_.load()) stop(*target);
        handlers_.fetch_sub(1);
    }

    /// [the end of who is no target any more, or never was] Whether no handler can be about to use it.
    [[nodiscard]] bool is_unused() const noexcept { return handlers_.load() == 0; }

private:
    // Sequentially consistent: a handler counts itself, then looks for a target; an end takes the target away, then looks for handlers.
    // One of the two sees the other.
    typename Sync::template atomic<Target*> target_{nullptr};
    typename Sync::template atomic<int> handlers_{0};
};

}  // namespace mioco::detail
