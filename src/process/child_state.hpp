// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <memory>
#include <mutex>

#include <mioco/detail/fd_ref.hpp>
#include <mioco/exit_status.hpp>

#include "base/child_process.hpp"
#include "fiber/parking.hpp"
#include "io/driver.hpp"

// A child has a descriptor that becomes readable when it has ended, and stays so. That is its pidfd; where there are none, an event that a
// thread of the child's own signals, as each child would hold one of the pool's. All who wait do so at that descriptor, and
// whoever comes first asks for the status, which is kept for the others.

namespace mioco::detail {

struct child_state {
    int pid = -1;
    bool leads_group = false;
    bool has_pidfd = false;
    fd_ref end;  // without a descriptor: of a child that was lost before it could be had
    std::unique_ptr<driver_thread> watcher;
    child_state* next = nullptr;  // of those that were detached

    child_state() = default;
    ~child_state();
    child_state(const child_state&) = delete;
    child_state& operator=(const child_state&) = delete;

    /// Without a pidfd: starts the thread that signals the end. Throws std::system_error when the system has none left.
    void start_watcher();
    void set_lost() noexcept { phase_ = phase::lost; }

    /// Asks for the status: 0; -EAGAIN: it has not ended; -ECHILD: the status is lost.
    int settle() noexcept;
    /// Until it has ended or the time has come, which is -EAGAIN; or else as `settle`, that of an interruption, or why nobody can wait.
    int wait(nanoseconds_t until);
    /// Of one that was killed: whatever happens.
    void wait_certainly() noexcept;
    /// [when it has settled]
    [[nodiscard]] process::exit_status status() const noexcept { return status_; }

    /// 0 also if it has ended.
    int send_signal(int number, bool to_group) noexcept;

    /// [forked child] The watcher stayed in the parent.
    void forget_watcher() noexcept {
        [[maybe_unused]] const driver_thread* const parents = watcher.release();
    }

private:
    [[nodiscard]] child_name name() const noexcept;
    int settle(fiber& self) noexcept;
    void block() noexcept;

    enum class phase : std::uint8_t { running, ended, lost };
    // Held for a system call that does not wait. A number must not be signalled that is given back just now.
    std::mutex guard_;
    phase phase_ = phase::running;
    process::exit_status status_;
};

/// [forked child] Of one that is the parent's.
void forget_child(child_state& child) noexcept;
/// Whoever started it wants no more of it: it is settled later.
void leave_child(child_state& child) noexcept;
/// Settles those of them that have ended.
void settle_left_children() noexcept;

/// The destructor of `process::child`.
void end_child(child_state& child) noexcept;

}  // namespace mioco::detail
