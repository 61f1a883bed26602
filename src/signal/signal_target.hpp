// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <mutex>

#include <mioco/detail/sync.hpp>

#include "base/lock.hpp"

namespace mioco::detail {

/// Whom a signal is for. Its handler may run at any moment, in any thread, and may be half-way when the target comes to its end.
template <class Target, class Sync = system_sync>
class basic_signal_target {
public:
    /// [any] From now on this one, if `install(is_first)` installs the handler; whether it does. It is the first if there was no
    /// target, so that the handler is not there yet.
    template <class Install>
    bool set(Target& target, Install install) noexcept {
        const std::scoped_lock held(changing_);
        Target* const before = target_.exchange(&target);
        if (install(before == nullptr)) return true;
        target_.store(before);
        return false;
    }

    /// [the target's end, when nobody can set it any more] Calls `uninstall` if this one is the target, which then is none. A
    /// handler may still use it until `is_unused`, also if another one had replaced it.
    template <class Uninstall>
    void forget(const Target& target, Uninstall uninstall) noexcept {
        const std::scoped_lock held(changing_);
        if (!is(target)) return;
        uninstall();
        target_.store(nullptr);
    }
    [[nodiscard]] bool is_unused() const noexcept { return handlers_.load() == 0; }

    // needs no seq_cst, acquire: in `forget` the lock shows it, and for others it may be out of date at once
    [[nodiscard]] bool is(const Target& target) const noexcept { return target_.load() == &target; }

    /// [handler] Calls `act` with the target; whether there is one. Async-signal-safe, if `act` is.
    template <class Act>
    bool reach(Act act) noexcept {
        handlers_.fetch_add(1);
        Target* const target = target_.load();
        if (target != nullptr) act(*target);
        // needs no seq_cst, acquire: it shows that the target is no more used, and nothing is read after it
        handlers_.fetch_sub(1);
        return target != nullptr;
    }

private:
    basic_lock<Sync> changing_;  // no handler takes it
    // Sequentially consistent: a handler counts itself, then looks for a target; an end takes the target away, then looks for handlers.
    // One of the two sees the other.
    typename Sync::template atomic<Target*> target_{nullptr};
    typename Sync::template atomic<int> handlers_{0};
};

}  // namespace mioco::detail
