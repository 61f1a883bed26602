// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <type_traits>

#include <mioco/detail/line.hpp>
#include <mioco/detail/task.hpp>

namespace mioco::detail {

/// One wait for a callback. Whoever comes first under the guard decides how it ends: the callback, or the caller who leaves.
class suspension {
public:
    /// [the caller] Until `finish`. Throws when it is interrupted before that.
    void wait();
    /// [the caller] Waits no more. Whether there is no result.
    bool leave() noexcept;
    /// [the callback] The result is there. False: nobody waits any more.
    bool finish() noexcept;
    void set_hook(std::function<void()> hook);

private:
    line line_;
    // Both guarded
    enum class state : unsigned char { waits, is_finished, has_left };
    state state_ = state::waits;
    std::function<void()> hook_;
};

template <class T>
struct suspension_for : suspension {
    // Written by the callback, before `finish`.
    std::optional<stored_result<std::remove_cv_t<T>>> result;
    std::exception_ptr error;
};

std::exception_ptr broken_promise() noexcept;

}  // namespace mioco::detail
