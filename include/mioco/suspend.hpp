// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// Waiting for code that calls back.

#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <mioco/detail/suspension.hpp>
#include <mioco/detail/task.hpp>

namespace mioco {

template <class T>
class resumer;

/// Parks the calling fiber, or blocks the thread, until a callback resumes it, and returns what that gives: the bridge to all libraries that
/// take callbacks.
///
///     const std::string line = mioco::suspend<std::string>([&](mioco::resumer<std::string> caller) {
///         library.read_line([caller = std::move(caller)](std::string text) mutable {
///             std::move(caller).resume(std::move(text));
///         });
///     });
///
/// `start` is called at once, on the caller's stack, with the one `resumer` of this wait, and hands it on to whoever will use it, on whichever
/// thread, be it before `start` has returned. What `start` throws comes out. A resumer that is destroyed without having been used
/// makes the wait throw `std::future_error` (`broken_promise`).
///
/// A cancellation point: a caller that is cancelled, or whose deadline passes, leaves the wait, unless a result is there. Then
/// `resumer::on_cancel` is the time to tell the library, and `resume` says that nobody waits any more. So what a callback uses must not lie on
/// the caller's stack, or that function has to see to it that none is called later. Throws `std::bad_alloc`. New here.
template <class T = void, class Start>
    requires std::invocable<Start, resumer<T>>
T suspend(Start&& start) {
    const auto wait = std::make_shared<detail::suspension_for<T>>();
    try {
        std::invoke(std::forward<Start>(start), resumer<T>(wait));
    } catch (...) {
        wait->leave();
        throw;
    }
    wait->wait();
    // Taken, so that the caller's thread destroys it, rather than the callback's if that is late.
    if (wait->error != nullptr) std::rethrow_exception(std::exchange(wait->error, nullptr));
    return detail::take_result<T>(std::addressof(*wait->result));
}

/// Ends a `suspend`, once. Move-only; one that was moved from ends nothing. Used on any thread, by one at a time.
template <class T>
class resumer {
public:
    /// Takes the other's wait.
    resumer(resumer&&) noexcept = default;
    resumer& operator=(resumer&&) = delete;
    /// Ends a wait that was not ended with `broken_promise`.
    ~resumer() {
        if (wait_) std::move(*this).fail(detail::broken_promise());
    }

    /// Gives the result, made of `values`, and wakes the caller. False if the wait was over, as its fiber was cancelled. Throws what making a
    /// `T` throws; then the wait goes on. Never blocks.
    template <class... Values>
        requires(std::is_void_v<T> ? sizeof...(Values) == 0
                                   : std::is_constructible_v<detail::stored_result<T>, Values...>)
    bool resume(Values&&... values) && {
        if (!wait_) return false;
        wait_->result.emplace(std::forward<Values>(values)...);
        return std::exchange(wait_, nullptr)->finish();
    }

    /// Has `suspend` throw this. False if the wait was over. Never blocks.
    bool fail(std::exception_ptr error) && noexcept {
        if (!wait_) return false;
        wait_->error = std::move(error);
        return std::exchange(wait_, nullptr)->finish();
    }

    /// `hook` is called, by the fiber that waits, if that leaves without a result, and at once if it has left already. It may wait, and must not
    /// throw. Of several the last one counts. It is kept until the wait is over: if it owns what owns the resumer, neither is ever
    /// destroyed without having been used.
    void on_cancel(std::function<void()> hook) {
        if (wait_) wait_->set_hook(std::move(hook));
    }

private:
    template <class U, class Start>
        requires std::invocable<Start, resumer<U>>
    friend U suspend(Start&& start);

    explicit resumer(std::shared_ptr<detail::suspension_for<T>> wait) noexcept
        : wait_(std::move(wait)) {}

    std::shared_ptr<detail::suspension_for<T>> wait_;
};

}  // namespace mioco
