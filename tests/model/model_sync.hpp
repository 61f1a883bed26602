// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <type_traits>

#include "model/checker.hpp"
#include "model/steps.hpp"

namespace mioco::model {

/// What a policy does wrong. Each mistake must make some scenario fail: else the scenario proves nothing.
struct no_fault {
    static constexpr bool blind_weak_exchange = false;    // compare_exchange_weak does not compare
    static constexpr bool blind_strong_exchange = false;  // nor does compare_exchange_strong
    static constexpr bool torn_addition = false;          // fetch_add is a load and a store
    static constexpr bool torn_exchange = false;          // and so is exchange
    static constexpr bool wakes_nobody = false;
};

/// An atomic of the model: sequentially consistent, whatever orders are asked for.
template <class T, class Fault = no_fault>
class atomic : public location {
public:
    atomic() noexcept : atomic(T{}) {}
    atomic(T value) noexcept : value_(value) {
        written = bits(value);
    }  // NOLINT(google-explicit-constructor): as std::atomic

    T load(std::memory_order = std::memory_order_seq_cst) const noexcept {
        checker& c = checker::current();
        if (c.looking()) {
            c.did_read(*this);
        } else if (checker::in_thread()) {
            const bool told = c.before_operation(true);
            c.did_read(*this);
            if (told) c.log(*this, "is", bits(value_), bits(value_));
        }
        return value_;
    }

    void store(T value, std::memory_order = std::memory_order_seq_cst,
               place at = place::current()) noexcept {
        write(value, "set", step_met(at), false);
    }

    T exchange(T value, std::memory_order = std::memory_order_seq_cst,
               place at = place::current()) noexcept {
        if (Fault::torn_exchange && checker::in_thread()) {
            const T old = load();
            store(value);
            return old;
        }
        return write(value, "exchanged", step_met(at), true);
    }

    T fetch_add(T addend, std::memory_order = std::memory_order_seq_cst,
                place at = place::current()) noexcept {
        return add(addend, step_met(at));
    }
    T fetch_sub(T subtrahend, std::memory_order = std::memory_order_seq_cst,
                place at = place::current()) noexcept {
        return add(static_cast<T>(T{} - subtrahend), step_met(at));
    }

    bool compare_exchange_strong(T& expected, T desired,
                                 std::memory_order = std::memory_order_seq_cst,
                                 place at = place::current()) noexcept {
        return compare_exchange(expected, desired, Fault::blind_strong_exchange, step_met(at));
    }
    bool compare_exchange_strong(T& expected, T desired, std::memory_order, std::memory_order,
                                 place at = place::current()) noexcept {
        return compare_exchange(expected, desired, Fault::blind_strong_exchange, step_met(at));
    }
    bool compare_exchange_weak(T& expected, T desired,
                               std::memory_order = std::memory_order_seq_cst,
                               place at = place::current()) noexcept {
        return compare_exchange(expected, desired, Fault::blind_weak_exchange, step_met(at));
    }
    bool compare_exchange_weak(T& expected, T desired, std::memory_order, std::memory_order,
                               place at = place::current()) noexcept {
        return compare_exchange(expected, desired, Fault::blind_weak_exchange, step_met(at));
    }

private:
    static bool step_met(const place& at) noexcept { return steps.meet(at); }

    bool compare_exchange(T& expected, T desired, bool blindly, bool left_out) noexcept {
        if (checker::in_thread()) checker::current().before_operation(false);
        if (value_ == expected || blindly) {
            expected = replace(desired, "exchanged", left_out, true);
            return true;
        }
        if (checker::in_thread()) {
            checker& c = checker::current();
            c.did_read(*this);
            c.log(*this, "not exchanged", bits(value_), bits(value_));
        }
        expected = value_;
        return false;
    }

    T add(T addend, bool left_out) noexcept {
        if (Fault::torn_addition && checker::in_thread()) {
            const T old = load();
            store(static_cast<T>(old + addend));
            return old;
        }
        if (checker::in_thread()) checker::current().before_operation(false);
        return replace(static_cast<T>(value_ + addend), "added to", left_out, true);
    }

    T write(T value, const char* what, bool left_out, bool reads) noexcept {
        if (checker::in_thread()) checker::current().before_operation(false);
        return replace(value, what, left_out, reads);
    }

    T replace(T value, const char* what, bool left_out, bool reads) noexcept {
        if (checker::in_thread()) {
            checker& c = checker::current();
            if (reads || left_out) c.did_read(*this);
            if (!left_out) c.did_write(*this, bits(value));
            c.log(*this, left_out ? "(left out)" : what, bits(value_), bits(value));
        }
        return left_out ? value_ : std::exchange(value_, value);
    }

    static std::uint64_t bits(T value) noexcept {
        if constexpr (std::is_pointer_v<T>) {
            return reinterpret_cast<std::uintptr_t>(value);
        } else {
            return static_cast<std::uint64_t>(value);
        }
    }

    T value_;
};

/// The policy for the library's templates.
template <class Fault = no_fault>
struct basic_model_sync {
    template <class T>
    using atomic = model::atomic<T, Fault>;
    template <class T>
    using lock_atomic = atomic<T>;

    static void relax() noexcept { checker::current().relax(); }
    // Each operation is a barrier here; tests/relacy needs these.
    static void light_barrier() noexcept {}
    static void heavy_barrier() noexcept {}
    static void back_off(unsigned /*round*/, const atomic<bool>& awaited,
                         place at = place::current()) {
        if (steps.meet(at)) return note("(left out: backs off)");
        block_until([&awaited] { return !awaited.load(); });
    }
    static void wait(const atomic<std::uint32_t>& word, std::uint32_t expected,
                     place at = place::current()) noexcept {
        if (steps.meet(at)) return note("(left out: sleeps)");
        if (word.load() == expected) checker::current().sleep_on(word);
    }
    static void wake_one(atomic<std::uint32_t>& word, place at = place::current()) noexcept {
        if (steps.meet(at)) return note("(left out: wakes)");
        if (!Fault::wakes_nobody) checker::current().wake_one(word);
    }
};
using model_sync = basic_model_sync<>;

}  // namespace mioco::model
