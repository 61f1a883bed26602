// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <sys/epoll.h>

#include "io/driver.hpp"

namespace mioco::detail {

/// One epoll instance, edge-triggered: a descriptor is registered once, for both directions.
class epoll_poller final : public poller {
public:
    /// Throws std::system_error when there is no descriptor left.
    explicit epoll_poller(const void* group);
    ~epoll_poller() override;

    int watch(fd_object& fd) noexcept override;
    void unwatch(fd_object& fd) noexcept override;
    void wait(nanoseconds_t timeout_ns, std::size_t most, caller who) noexcept override;
    void wake() noexcept override;

private:
    int wait_for_events(epoll_event* events, int size, nanoseconds_t timeout_ns) const noexcept;
    void close_all() noexcept;

    int epoll_fd_ = -1;
    int wakeup_fd_ = -1;
    int timer_fd_ = -1;  // only where the kernel has no epoll_pwait2
};

}  // namespace mioco::detail
