// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <source_location>

// Not relacy.hpp itself, which redefines `new`, `errno`, and the names of memory orders.
#include <relacy/atomic.hpp>
#include <relacy/backoff.hpp>
#include <relacy/base.hpp>
#include <relacy/context.hpp>
#include <relacy/context_base_impl.hpp>
#include <relacy/stdlib/condition_variable.hpp>
#include <relacy/stdlib/event.hpp>
#include <relacy/stdlib/mutex.hpp>
#include <relacy/stdlib/semaphore.hpp>
#include <relacy/test_suite.hpp>
#include <relacy/var.hpp>

#include "relacy/orders.hpp"

namespace mioco::relacy {

using location = std::source_location;

inline rl::debug_info info_of(const location& at) {
    return {at.function_name(), at.file_name(), at.line()};
}

inline rl::memory_order to_relacy(std::memory_order order) {
    switch (order) {
        case std::memory_order_relaxed:
            return rl::mo_relaxed;
        case std::memory_order_acquire:
            return rl::mo_acquire;
        case std::memory_order_release:
            return rl::mo_release;
        case std::memory_order_acq_rel:
            return rl::mo_acq_rel;
        default:
            return rl::mo_seq_cst;
    }
}

/// Of a compare_exchange with one order.
inline std::memory_order on_failure(std::memory_order order) {
    if (order == std::memory_order_acq_rel) return std::memory_order_acquire;
    if (order == std::memory_order_release) return std::memory_order_relaxed;
    return order;
}

/// How the running thread goes through a bounded spin: it lets others run at each turn, or comes to the end while nobody else does.
class spin {
public:
    static void begin_scenario() { hurries_ = false; }

    static void turn() {
        rl::context& c = rl::ctx();
        if (!hurries_) {
            if (c.rand(2, rl::sched_type_user) == 0)
                return rl::yield(1, info_of(location::current()));
            hurries_ = true;
            c.disable_preemption();
        }
        // It sees what is there.
        c.threadx_->last_yield_ = c.threadx_->own_acq_rel_order_;
    }
    /// What is not a look only.
    static void end() {
        if (!hurries_) return;
        hurries_ = false;
        rl::ctx().enable_preemption();
    }

private:
    inline static bool hurries_ = false;
};

/// An atomic whose orders are those that are asked for, but for the one that is weakened.
template <class T>
class atomic {
public:
    atomic() noexcept : atomic(T()) {}
    atomic(T value) noexcept
        : shared_(value) {}  // NOLINT(google-explicit-constructor): as std::atomic

    T load(location at = location::current()) const noexcept {
        return load_as(position::unwritten, std::memory_order_seq_cst, at);
    }
    T load(std::memory_order order, location at = location::current()) const noexcept {
        return load_as(position::only, order, at);
    }

    void store(T value, location at = location::current()) noexcept {
        store_as(value, position::unwritten, std::memory_order_seq_cst, at);
    }
    void store(T value, std::memory_order order, location at = location::current()) noexcept {
        store_as(value, position::only, order, at);
    }

    T exchange(T value, location at = location::current()) noexcept {
        return exchange_as(value, position::unwritten, std::memory_order_seq_cst, at);
    }
    T exchange(T value, std::memory_order order, location at = location::current()) noexcept {
        return exchange_as(value, position::only, order, at);
    }

    T fetch_add(T addend, location at = location::current()) noexcept {
        return add_as(addend, position::unwritten, std::memory_order_seq_cst, at);
    }
    T fetch_add(T addend, std::memory_order order, location at = location::current()) noexcept {
        return add_as(addend, position::only, order, at);
    }
    T fetch_sub(T subtrahend, location at = location::current()) noexcept {
        return subtract_as(subtrahend, position::unwritten, std::memory_order_seq_cst, at);
    }
    T fetch_sub(T subtrahend, std::memory_order order, location at = location::current()) noexcept {
        return subtract_as(subtrahend, position::only, order, at);
    }

    bool compare_exchange_strong(T& expected, T desired, std::memory_order order,
                                 location at = location::current()) noexcept {
        const auto used = meet(operation::compare, position::only, order, at);
        return compare<false>(expected, desired, used, on_failure(used), at);
    }
    bool compare_exchange_strong(T& expected, T desired, std::memory_order order,
                                 std::memory_order failing,
                                 location at = location::current()) noexcept {
        const auto used = meet(operation::compare, position::only, order, at);
        const auto used_on_failure = meet(operation::compare, position::on_failure, failing, at);
        return compare<false>(expected, desired, used, used_on_failure, at);
    }
    bool compare_exchange_weak(T& expected, T desired, std::memory_order order,
                               location at = location::current()) noexcept {
        const auto used = meet(operation::compare, position::only, order, at);
        return compare<true>(expected, desired, used, on_failure(used), at);
    }
    bool compare_exchange_weak(T& expected, T desired, std::memory_order order,
                               std::memory_order failing,
                               location at = location::current()) noexcept {
        const auto used = meet(operation::compare, position::only, order, at);
        const auto used_on_failure = meet(operation::compare, position::on_failure, failing, at);
        return compare<true>(expected, desired, used, used_on_failure, at);
    }

    /// As futex(2): nothing comes between the look and the sleep.
    void sleep_while(T expected, location at = location::current()) const noexcept {
        spin::end();
        rl::context& c = rl::ctx();
        c.sched();
        if (shared_.debug_value() == expected) shared_.wait(c, false, false, info_of(at));
    }
    void wake_one(location at = location::current()) noexcept {
        spin::end();
        rl::context& c = rl::ctx();
        c.sched();
        shared_.wake(c, 1, info_of(at));
    }

private:
    static std::memory_order meet(operation what, position where, std::memory_order order,
                                  const location& at) {
        if (what != operation::load) spin::end();
        return sites.meet(at, what, where, order);
    }

    T load_as(position where, std::memory_order order, const location& at) const {
        const auto used = meet(operation::load, where, order, at);
        return shared_.load(to_relacy(used), info_of(at));
    }
    void store_as(T value, position where, std::memory_order order, const location& at) {
        const auto used = meet(operation::store, where, order, at);
        shared_.store(value, to_relacy(used), info_of(at));
    }
    T exchange_as(T value, position where, std::memory_order order, const location& at) {
        const auto used = meet(operation::exchange, where, order, at);
        return shared_.exchange(value, to_relacy(used), info_of(at));
    }
    T add_as(T addend, position where, std::memory_order order, const location& at) {
        const auto used = meet(operation::fetch_add, where, order, at);
        return shared_.fetch_add(addend, to_relacy(used), info_of(at));
    }
    T subtract_as(T subtrahend, position where, std::memory_order order, const location& at) {
        const auto used = meet(operation::fetch_sub, where, order, at);
        return shared_.fetch_sub(subtrahend, to_relacy(used), info_of(at));
    }

    template <bool FailsAtTimes>
    bool compare(T& expected, T desired, std::memory_order order, std::memory_order failing,
                 const location& at) {
        constexpr rl::bool_t<FailsAtTimes> weak;
        const bool acquires =
            order != std::memory_order_relaxed && order != std::memory_order_release;
        if (acquires || failing == std::memory_order_relaxed)
            return shared_.compare_exchange(weak, expected, desired, to_relacy(order),
                                            to_relacy(failing), info_of(at));
        // Relacy has no exchange that acquires only when it fails.
        const bool done = shared_.compare_exchange(weak, expected, desired, to_relacy(order),
                                                   rl::mo_relaxed, info_of(at));
        if (!done) rl::ctx().atomic_thread_fence_acquire();
        return done;
    }

    mutable rl::atomic<T> shared_;
};

/// Data that only one thread at a time may use, or several that only read it: another use is a race, and is found.
template <class T>
class plain {
public:
    plain() noexcept : plain(T()) {}
    plain(T value) noexcept : value_(value) {}  // NOLINT(google-explicit-constructor): as T

    [[nodiscard]] T get(location at = location::current()) const {
        return value_(info_of(at)).load();
    }
    void set(T value, location at = location::current()) { value_(info_of(at)).store(value); }

    operator T() const { return get(); }  // NOLINT(google-explicit-constructor): as T
    plain& operator=(T value) {
        set(value);
        return *this;
    }

    // As an atomic, where a scenario knows better.
    [[nodiscard]] T load(std::memory_order, location at = location::current()) const {
        return get(at);
    }
    void store(T value, std::memory_order, location at = location::current()) { set(value, at); }

private:
    rl::var<T> value_;
};

/// The policy for the library's templates.
struct relacy_sync {
    template <class T>
    using atomic = relacy::atomic<T>;
    template <class T>
    using lock_atomic = atomic<T>;

    static void relax() noexcept { spin::turn(); }
    static void light_barrier() noexcept { rl::ctx().atomic_thread_fence_seq_cst(); }
    static void heavy_barrier() noexcept { rl::ctx().atomic_thread_fence_seq_cst(); }
    static void back_off(unsigned /*round*/, const atomic<bool>& /*awaited*/) noexcept {
        rl::yield(1, info_of(location::current()));
    }
    static void wait(const atomic<std::uint32_t>& word, std::uint32_t expected) noexcept {
        word.sleep_while(expected);
    }
    static void wake_one(atomic<std::uint32_t>& word) noexcept { word.wake_one(); }
};

}  // namespace mioco::relacy
