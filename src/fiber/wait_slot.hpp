// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <optional>

#include <mioco/detail/sync.hpp>

#include "fiber/wait_word.hpp"

namespace mioco::detail {

/// A place for one waiter and one sticky event: readiness of a descriptor in one direction, or the end of a fiber.
///
///     EMPTY  --arm-->      token     a fiber waits
///     EMPTY  --post-->     READY     an event with nobody there is kept
///     token  --post-->     READY     the event goes to the waiter, and is kept for its next attempt
///     READY  --consume-->  EMPTY     before each attempt, so that an event during the attempt is kept
///     token  --disarm-->   EMPTY     the waiter leaves
///     any    --close-->    CLOSED    for ever
///
/// EMPTY holds the number of the fiber that made it so, or 0 if nobody has yet. A fiber arms only an EMPTY of its own, or of nobody: if
/// another fiber has consumed an event since this one's attempt, that event may have announced more than the other one took, and
/// this one tries once more instead of waiting for an event that was used up. Of nobody's, no event was ever used up: what is left over
/// of other attempts is told of by one that is kept or still to come, with the descriptor's registration at the latest.
///
/// The poster never replaces CLOSED: with an exchange in place of its loop a waiter that arms between two edges of a
/// descriptor that is being closed would sleep for ever.
template <class Sync = system_sync>
class basic_wait_slot {
public:
    enum class arming { armed, was_ready, was_closed, occupied, changed };

    /// [waiter] Before an attempt: takes a kept event away, and makes EMPTY the caller's own. Acquire: what the poster saw.
    /// Sequentially consistent, as all exchanges here: the attempt comes after it for every poster.
    void consume(std::uint32_t fiber_index) noexcept {
        std::uint64_t old = state_.load(std::memory_order_relaxed);
        while (old == ready || (is_empty(old) && old != empty_by(fiber_index) && old != 0)) {
            if (exchange(old, empty_by(fiber_index))) return;
        }
    }

    /// [waiter whose wait an event has ended] The same.
    void consume_kept(std::uint32_t fiber_index) noexcept {
        std::uint64_t expected = ready;
        if (!exchange(expected, empty_by(fiber_index))) [[unlikely]]
            consume(fiber_index);
    }

    /// [waiter, whose last attempt left nothing] Leaves the token if the slot is empty. `was_ready` leaves the event in place; `changed`: another
    /// fiber has consumed an event since the attempt. Release: the poster that takes the token sees the wait's begin.
    arming arm(wait_token token) noexcept { return arm(token, token.index()); }
    /// The same, by who has the token's index at hand.
    arming arm(wait_token token, std::uint32_t index) noexcept {
        std::uint64_t expected = empty_by(index);
        if (exchange(expected, token.raw())) [[likely]]
            return arming::armed;
        if (expected == 0 && exchange(expected, token.raw())) return arming::armed;
        return is_empty(expected) ? arming::changed : hindrance(expected);
    }

    /// [waiter, where an event is never consumed] Leaves the token on any EMPTY.
    arming arm_any(wait_token token) noexcept {
        std::uint64_t expected = state_.load(std::memory_order_relaxed);
        while (is_empty(expected)) {
            if (exchange(expected, token.raw())) return arming::armed;
        }
        return hindrance(expected);
    }

    /// [waiter] Takes the own token back if it is still there. Sequentially consistent, as is a queueing waiter's look
    /// at the slot: see `fd_side`.
    void disarm(wait_token token) noexcept {
        std::uint64_t expected = token.raw();
        exchange(expected, empty_by(token.index()));
    }

    /// [poster] Keeps the event, and returns the token that it took the place of: the caller claims it. A claim that
    /// fails is no loss, since the event is kept. An event that is kept already stands for this one too: the look and the
    /// waiter's `consume` are sequentially consistent, so that comes later, and the attempt after it sees what caused both.
    [[nodiscard]] wait_token post() noexcept {
        // needs no seq_cst, acquire: an exchange compares, and `try_post` looks again
        std::uint64_t old = state_.load(std::memory_order_seq_cst);
        if (const wait_token waiting = token_in(old)) [[likely]] {
            if (exchange(old, ready)) [[likely]]
                return waiting;
        }
        return try_post().value_or(wait_token());
    }

    /// [poster] The same; nothing if the slot is closed.
    [[nodiscard]] std::optional<wait_token> try_post() noexcept {
        std::uint64_t old = state_.load(std::memory_order_seq_cst);
        while (old != closed) {
            if (old == ready) return wait_token();
            // needs no acquire on failure: of an event or an end that is there already no more is used
            if (state_.compare_exchange_weak(old, ready, std::memory_order_seq_cst,
                                             std::memory_order_acquire)) {
                return token_in(old);
            }
        }
        return std::nullopt;
    }

    /// [closer] Ends the slot, and returns the token that was there: the caller claims it.
    [[nodiscard]] wait_token close() noexcept {
        // needs no seq_cst: who overlooks it meets it in an exchange, or is in line, which is woken after this
        return token_in(state_.exchange(closed, std::memory_order_seq_cst));
    }

    /// [closer, with no waiter] Ends the slot; whether there was an event.
    bool close_and_consume() noexcept {
        // needs no release: the closer leaves nothing for the poster
        return state_.exchange(closed, std::memory_order_acq_rel) == ready;
    }

    [[nodiscard]] bool is_ready() const noexcept {
        return state_.load(std::memory_order_acquire) == ready;
    }
    /// [poster] The same, in order with `consume` as `post` is.
    [[nodiscard]] bool keeps_event() const noexcept {
        return state_.load(std::memory_order_seq_cst) == ready;
    }
    [[nodiscard]] bool is_closed() const noexcept {
        return state_.load(std::memory_order_acquire) == closed;
    }
    /// [queueing waiter] Whether somebody waits in the slot.
    [[nodiscard]] bool is_occupied() const noexcept {
        return static_cast<bool>(token_in(state_.load(std::memory_order_seq_cst)));
    }

    /// [onlooker] Who waits in the slot; an empty token if nobody does.
    [[nodiscard]] wait_token waiter() const noexcept {
        // needs no acquire: nothing is read of the waiter but its number
        return token_in(state_.load(std::memory_order_acquire));
    }

    /// [owner, with no waiter left] Back to empty, for the next user of the block.
    void reset() noexcept { state_.store(0, std::memory_order_relaxed); }

private:
    // A token (its upper 24 bits are a fiber's number, never 0), or: READY, CLOSED, or EMPTY with a fiber's number above its
    // two bits.
    static constexpr std::uint64_t ready = 1;
    static constexpr std::uint64_t closed = 2;

    static constexpr std::uint64_t empty_by(std::uint32_t fiber_index) noexcept {
        return std::uint64_t{fiber_index} << 2;
    }
    static constexpr wait_token token_in(std::uint64_t state) noexcept {
        return (state >> wait_token::epoch_bits) == 0 ? wait_token() : wait_token(state);
    }
    static constexpr bool is_empty(std::uint64_t state) noexcept {
        return !token_in(state) && (state & 3) == 0;
    }

    static arming hindrance(std::uint64_t state) noexcept {
        if (state == ready) return arming::was_ready;
        return state == closed ? arming::was_closed : arming::occupied;
    }

    bool exchange(std::uint64_t& expected, std::uint64_t desired) noexcept {
        return state_.compare_exchange_strong(expected, desired, std::memory_order_seq_cst,
                                              std::memory_order_acquire);
    }

    typename Sync::template atomic<std::uint64_t> state_{0};
};

using wait_slot = basic_wait_slot<>;

}  // namespace mioco::detail
