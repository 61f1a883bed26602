// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

#include <mioco/detail/deadline.hpp>

namespace mioco::detail::sim {

class sim_poller;

/// A host, numbered from 0 on in the order in which the world got to know them.
using host_id = std::uint32_t;

/// What runs on a host from its start to a crash.
struct boot {
    host_id host = 0;
    std::uint32_t number = 0;  // crashes before it

    bool operator==(const boot&) const = default;
};

/// Who runs when: what the emulated kernel asks of whoever schedules the simulated threads. There is one OS thread, so all calls come
/// from it.
class turns {
public:
    turns() = default;
    virtual ~turns() = default;
    turns(const turns&) = delete;
    turns& operator=(const turns&) = delete;

    /// [thread that waits at a poller] Lets others run, and the virtual time pass. Returns when `caller.has_news()`, or when
    /// `world::now()` has come to `deadline`. A deadline that has come already: a look around, which may return at once.
    virtual void pass(sim_poller& caller, nanoseconds_t deadline) noexcept = 0;

    /// `has_news()` of the poller is true by now: who waits there may go on. May be called several times for one wait.
    virtual void woken(sim_poller& poller) noexcept = 0;

    /// The host that the calling fiber is on.
    [[nodiscard]] virtual host_id current_host() noexcept = 0;
    /// Whether the caller has been running since before its host crashed.
    [[nodiscard]] virtual bool is_left_over() noexcept { return false; }

    /// What is open may be ready for something else than before: who waits without a poller looks again.
    virtual void changed() noexcept {}
};

}  // namespace mioco::detail::sim
