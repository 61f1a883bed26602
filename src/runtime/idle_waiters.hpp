// SPDX-License-Identifier: MPL-2.0
#pragma once

#include "base/lock.hpp"
#include "fiber/wait_word.hpp"

namespace mioco::detail {

/// Fibers of other runtimes, and threads, that wait for a runtime's last fiber to end.
class idle_waiters {
public:
    /// Waits, if `condition` (asked under the lock) does not hold, until `notify_all`; false at once if it holds.
    bool wait_unless(bool (*condition)(const void*), const void* context);

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
