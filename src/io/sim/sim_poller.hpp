// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "io/driver.hpp"
#include "io/sim/open_file.hpp"

namespace mioco::detail::sim {

/// As an edge-triggered epoll: what has news is looked at, and told of if anything holds. Which comes first is chance.
/// Goes before its world does.
class sim_poller final : public poller {
public:
    sim_poller(const void* group, world& in);
    ~sim_poller() override;

    int watch(fd_object& fd) noexcept override;
    void unwatch(fd_object& fd) noexcept override;
    void wait(nanoseconds_t timeout_ns, std::size_t most, caller who) noexcept override;
    void wake() noexcept override;

    /// Whether a wait would end at once: a descriptor has news, or `wake` was called.
    [[nodiscard]] bool has_news() const noexcept { return !queued_.empty() || is_woken(); }
    [[nodiscard]] bool is_woken() const noexcept { return woken_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::size_t watched_count() const noexcept { return watched_.size(); }

    // For open files
    void queue(watched& what);
    void forget(watched& gone) noexcept;

private:
    [[nodiscard]] watched* find(const open_file& file, int number) const noexcept;
    template <class Waker>
    void post_queued(std::size_t most, const Waker& wake);
    /// How many: one at most.
    template <class Waker>
    std::size_t post_spurious(const Waker& wake);
    watched& take_any() noexcept;

    world& in_;
    std::vector<std::unique_ptr<watched>> watched_;
    std::vector<watched*> queued_;
    // Atomic only as a signal may set it.
    std::atomic<bool> woken_{false};
};

}  // namespace mioco::detail::sim
