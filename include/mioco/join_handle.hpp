// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <memory>
#include <utility>

#include <mioco/detail/end_arm.hpp>
#include <mioco/detail/fiber_handle.hpp>
#include <mioco/this_fiber.hpp>

namespace mioco {

namespace detail {
struct handle_access;
}

/// The end of a fiber to wait for, and its result. Move-only; dropping it detaches the fiber, as in Go and Tokio.
///
/// A handle is used by one fiber or thread at a time. It stays valid after the fiber has ended, and after its runtime
/// has. In the original since 0.4.
template <class T>
class join_handle {
public:
    /// A handle of nothing.
    join_handle() noexcept = default;
    /// Takes the other's fiber; the other becomes a handle of nothing.
    join_handle(join_handle&& other) noexcept : fiber_(std::exchange(other.fiber_, nullptr)) {}
    /// Detaches the fiber held so far.
    join_handle& operator=(join_handle&& other) noexcept {
        if (this != &other) {
            detach();
            fiber_ = std::exchange(other.fiber_, nullptr);
        }
        return *this;
    }
    join_handle(const join_handle&) = delete;
    join_handle& operator=(const join_handle&) = delete;
    /// Detaches.
    ~join_handle() { detach(); }

    /// Waits for the fiber's end and returns what it returned, or rethrows what it threw. A fiber that was cancelled
    /// gives `std::system_error` with `std::errc::operation_canceled`; but if the caller's own runtime is being stopped,
    /// the caller unwinds by that stop. Inside a fiber it parks the caller, outside it
    /// blocks the thread; the fiber's end wakes it. A cancellation point: a cancelled caller leaves the handle as it
    /// was. May be called once; afterwards the handle is empty.
    ///
    /// A fiber that joins itself throws `std::system_error` with `std::errc::resource_deadlock_would_occur`, an empty
    /// handle with `std::errc::invalid_argument`.
    T join() {
        detail::wait_for_end(fiber_);
        const joined ended(std::exchange(fiber_, nullptr));
        return detail::take_result<T>(detail::result_or_throw(*ended));
    }

    /// Lets the fiber run on by itself; an exception it throws is then reported as `config::uncaught` says.
    void detach() noexcept {
        if (fiber_ != nullptr) detail::detach_fiber(*std::exchange(fiber_, nullptr));
    }

    /// Asks the fiber to stop: it throws `fiber_cancelled` where it waits, or else at its next cancellation point, and at each one after
    /// that; its destructors run. While an exception unwinds its stack, and inside of a `shield`, it sees nothing of it. If it has not
    /// begun it never does. A wait that has got what it waited for is not ended: nothing that was received is lost.
    ///
    /// Returns at once; `join` tells how it ended. Of a fiber that has ended, and of an empty handle, it is nothing. Callable from
    /// any fiber or thread. Spends from the operation budget; no cancellation point. New here.
    void cancel() noexcept {
        if (fiber_ != nullptr) detail::cancel_fiber(*fiber_);
    }

    /// Whether the fiber has ended, so that `join` would not wait. Spends from the operation budget, so that a loop that asks again
    /// and again lets others run.
    [[nodiscard]] bool done() const noexcept {
        return fiber_ == nullptr || detail::fiber_done(*fiber_);
    }

    class joining_arm;
    /// "The fiber has ended", as a case.
    struct joining_case {
        /// For `select`.
        using select_arm_type = joining_arm;
        /// The handle to join.
        join_handle* handle;
    };
    /// Joining the fiber, as a case of `select`: its result is what `join` returns or throws. When another case wins, the handle is as
    /// it was. Valid while the handle stays where it is.
    [[nodiscard]] joining_case joining() noexcept { return {this}; }

    /// Whether there is a fiber to join.
    [[nodiscard]] bool joinable() const noexcept { return fiber_ != nullptr; }

    /// The fiber's id; `fiber_id{}` of an empty handle.
    [[nodiscard]] fiber_id id() const noexcept {
        return fiber_ == nullptr ? fiber_id{} : detail::id_of(*fiber_);
    }

private:
    friend struct detail::handle_access;
    struct release {
        void operator()(detail::fiber* f) const noexcept { detail::release_joined(*f); }
    };
    using joined = std::unique_ptr<detail::fiber, release>;

    explicit join_handle(detail::fiber& f) noexcept : fiber_(&f) {}

    detail::fiber* fiber_ = nullptr;
};

/// What a handle becomes in a select.
template <class T>
class join_handle<T>::joining_arm : public detail::end_arm {
public:
    /// Of that handle.
    explicit joining_arm(joining_case from) noexcept
        : end_arm(from.handle->fiber_), handle_(*from.handle) {}
    /// Of the fiber that the handle has now.
    void begin() noexcept override { this->set_joined(handle_.fiber_); }
    /// Joins.
    T take() { return handle_.join(); }

private:
    join_handle& handle_;
};

namespace detail {
struct handle_access {
    template <class T>
    static join_handle<T> make(fiber& f) noexcept {
        return join_handle<T>(f);
    }
};
}  // namespace detail

}  // namespace mioco
