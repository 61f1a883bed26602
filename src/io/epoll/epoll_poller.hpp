// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <memory>
#include <span>

#include <sys/epoll.h>

#include "io/driver.hpp"
#include "io/uring/file_ring.hpp"

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

    bool takes_files() noexcept override {
        if (asked_for_ring_) [[likely]]
            return ring_ != nullptr && ring_->is_usable();
        return make_ring();
    }
    void start(file_operation& wanted) noexcept override { ring_->start(wanted); }
    void withdraw(file_operation& unwanted) noexcept override { ring_->withdraw(unwanted); }

private:
    bool make_ring() noexcept;
    [[nodiscard]] bool post(std::span<const epoll_event> found) const noexcept;
    int wait_for_events(epoll_event* events, int size, nanoseconds_t timeout_ns) const noexcept;
    void close_all() noexcept;

    int epoll_fd_ = -1;
    int wakeup_fd_ = -1;
    int timer_fd_ = -1;  // only where the kernel has no epoll_pwait2

    // [owner] Made with the first operation on a file, so that a runtime without any does not pay for it.
    bool asked_for_ring_;
    std::unique_ptr<file_ring> ring_;
    // The same for whoever waits here. Released when it is made, acquired before it is used.
    std::atomic<file_ring*> shared_ring_{nullptr};
};

}  // namespace mioco::detail
