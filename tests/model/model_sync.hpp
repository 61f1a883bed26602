// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <type_traits>

#include "model/checker.hpp"

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

    void store(T value, std::memory_order = std::memory_order_seq_cst) noexcept {
        if (checker::in_thread()) checker::current().before_operation(false);
        replace(value, "set", false);
    }

    T exchange(T value, std::memory_order = std::memory_order_seq_cst) noexcept {
        if (Fault::torn_exchange && checker::in_thread()) {
            const T old = load();
            store(value);
            return old;
        }
        if (checker::in_thread()) checker::current().before_operation(false);
        return replace(value, "exchanged", true);
    }

    T fetch_add(T addend, std::memory_order = std::memory_order_seq_cst) noexcept {
        if (Fault::torn_addition && checker::in_thread()) {
            const T old = load();
            store(static_cast<T>(old + addend));
            return old;
        }
        if (checker::in_thread()) checker::current().before_operation(false);
        return replace(static_cast<T>(value_ + addend), "added to", true);
    }
    T fetch_sub(T subtrahend, std::memory_order = std::memory_order_seq_cst) noexcept {
        return fetch_add(static_cast<T>(T{} - subtrahend));
    }

    bool compare_exchange_strong(T& expected, T desired,
                                 std::memory_order = std::memory_order_seq_cst,
                                 std::memory_order = std::memory_order_seq_cst) noexcept {
        return compare_exchange(expected, desired, Fault::blind_strong_exchange);
    }
    bool compare_exchange_weak(T& expected, T desired,
                               std::memory_order = std::memory_order_seq_cst,
                               std::memory_order = std::memory_order_seq_cst) noexcept {
        return compare_exchange(expected, desired, Fault::blind_weak_exchange);
    }

private:
    bool compare_exchange(T& expected, T desired, bool blindly) noexcept {
        checker& c = checker::current();
        const bool told = checker::in_thread();
        if (told) c.before_operation(false);
        if (value_ == expected || blindly) {
            expected = replace(desired, "exchanged", true);
            return true;
        }
        if (told) {
            c.did_read(*this);
            c.log(*this, "not exchanged", bits(value_), bits(value_));
        }
        expected = value_;
        return false;
    }

    T replace(T value, const char* what, bool reads) noexcept {
        if (checker::in_thread()) {
            checker& c = checker::current();
            if (reads) c.did_read(*this);
            c.did_write(*this, bits(value));
            c.log(*this, what, bits(value_), bits(value));
        }
        return std::exchange(value_, value);
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

    static void relax() noexcept { checker::current().relax(); }
    static void back_off(unsigned /*round*/, const atomic<bool>& awaited) {
        block_until([&awaited] { return !awaited.load(); });
    }
    static void wait(const atomic<std::uint32_t>& word, std::uint32_t expected) noexcept {
        if (word.load() == expected) checker::current().sleep_on(word);
    }
    static void wake_one(atomic<std::uint32_t>& word) noexcept {
        if (!Fault::wakes_nobody) checker::current().wake_one(word);
    }
};
using model_sync = basic_model_sync<>;

}  // namespace mioco::model
