// SPDX-License-Identifier: MPL-2.0
#pragma once

#include "base/lock.hpp"
#include "fiber/wait_word.hpp"
#include "time/lazy_timer.hpp"

namespace mioco::detail {

/// Fibers of other runtimes, and threads, that wait for a runtime's last fiber to end.
class idle_waiters {
public:
    enum class outcome { held, notified, timed_out };
    /// Waits, if `condition` (asked under the lock) does not hold, until `notify_all` or the deadline; a cancel looks like the
    /// former.
    outcome wait_unless(bool (*condition)(const void*), const void* context,
                        nanoseconds_t deadline);

    /// After the condition was made true.
    void notify_all() noexcept;

private:
    struct node {
        wait_token token;
        node* next = nullptr;
        bool linked = true;
    };
    void unlink(node& mine) noexcept;

    lock lock_;
    node* first_ = nullptr;
};

}  // namespace mioco::detail
