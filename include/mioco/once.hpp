// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// Doing something once.

#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>

#include <mioco/detail/line.hpp>

namespace mioco {

/// Whether something was done; for `call_once`.
class once_flag {
public:
    once_flag() noexcept = default;
    once_flag(const once_flag&) = delete;
    once_flag& operator=(const once_flag&) = delete;
    ~once_flag() = default;

private:
    template <class F, class... Args>
    friend void call_once(once_flag& flag, F&& f, Args&&... args);
    bool begin();
    void end(bool succeeded) noexcept;

    // Release when it was done, acquire by who finds it so: what was done is seen.
    std::atomic<bool> done_{false};
    bool under_way_ = false;  // guarded
    detail::line line_;
};

/// As `std::call_once`, for fibers and threads: calls `f` unless a call with this flag has returned before. While another one is
/// under way, waits for its end; if that throws, the next one calls. `f` may wait. A cancellation point.
template <class F, class... Args>
void call_once(once_flag& flag, F&& f, Args&&... args) {
    if (flag.done_.load(std::memory_order_acquire) || !flag.begin()) return;
    struct finish {
        once_flag& flag;
        bool succeeded = false;
        ~finish() { flag.end(succeeded); }
    } last{flag};
    std::invoke(std::forward<F>(f), std::forward<Args>(args)...);
    last.succeeded = true;
}

}  // namespace mioco
