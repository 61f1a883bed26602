// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <optional>

#include <mioco/detail/sync.hpp>

#include "base/assert.hpp"

// The one mechanism that every wait goes through.
//
// A fiber that waits may be woken by several parties at once: data, a timer, a cancel. Exactly one of them may win, the
// winner may need the fiber's stack frame for a moment (to hand an item over), and none may touch the fiber once it runs
// on. A wait goes through these steps; who takes each is in brackets:
//
//   begin     [the fiber]       a new epoch, all flags clear: whoever holds a token of this epoch may now claim
//   claim     [any waker]       CLAIMED, with the winner's arm; the losers go away, and touch nothing
//   complete  [that waker]      DONE: the frame is the fiber's again
//   park      [the next stack]  PARKED: the fiber's registers are saved, so that another thread may resume it
//
// complete and park come in either order, and the later one makes the fiber ready: that is why each tells its caller what
// it found. With one flag fewer it goes wrong: without DONE the fiber could leave the frame while the winner still
// writes into it; without PARKED it could be resumed on another thread before its registers are saved.

namespace mioco::detail {

/// One wait of one fiber (or blocked thread). Passed by value: a token that is out of date claims nothing, and there is
/// no pointer in it that could dangle.
class wait_token {
public:
    static constexpr int epoch_bits = 40;
    static constexpr std::uint64_t epoch_mask = (std::uint64_t{1} << epoch_bits) - 1;

    constexpr wait_token() noexcept = default;
    constexpr explicit wait_token(std::uint64_t raw) noexcept : raw_(raw) {}
    constexpr wait_token(std::uint32_t index, std::uint64_t epoch) noexcept
        : raw_(std::uint64_t{index} << epoch_bits | epoch) {}

    /// Never zero in a real token, so that small numbers are free for other uses in a word that may hold one.
    [[nodiscard]] constexpr std::uint32_t index() const noexcept {
        return static_cast<std::uint32_t>(raw_ >> epoch_bits);
    }
    [[nodiscard]] constexpr std::uint64_t epoch() const noexcept { return raw_ & epoch_mask; }
    [[nodiscard]] constexpr std::uint64_t raw() const noexcept { return raw_; }
    constexpr explicit operator bool() const noexcept { return raw_ != 0; }

private:
    std::uint64_t raw_ = 0;
};

/// What ended a wait. Small numbers are a select's cases; the rest is for the sources that exist once a wait.
enum class wait_arm : std::uint16_t {
    first = 0,
    closed = 0xfffb,
    self = 0xfffc,
    event = 0xfffd,
    cancel = 0xfffe,
    timer = 0xffff
};

/// What must not end a wait: its values are flags of the word.
enum class wait_masks : std::uint8_t { none = 0, cancel = 8, cancel_and_deadline = 8 | 32 };

template <class Sync = system_sync>
class basic_wait_word {
public:
    /// Flags of the word, for debuggers.
    struct bits {
        static constexpr std::uint64_t claimed = 1;
        static constexpr std::uint64_t parked = 4;
        static constexpr std::uint64_t kept = 16;
    };

    /// [fiber] Opens a wait and returns its epoch. Release: who sees the epoch sees whose it is.
    std::uint64_t begin(wait_masks masks) noexcept {
        const std::uint64_t old = word_.load(std::memory_order_relaxed);
        MIOCO_DEBUG_ASSERT((old & (claimed | done)) == (claimed | done),
                           "a fiber begins a wait while one is open");
        const std::uint64_t next = (old & ~below_epoch) + below_epoch + 1;
        word_.store(next | static_cast<std::uint64_t>(masks), std::memory_order_release);
        return epoch_of(next);
    }
    std::uint64_t begin(bool masked) noexcept {
        return begin(masked ? wait_masks::cancel_and_deadline : wait_masks::none);
    }

    /// [any] Whether the caller, and nobody else, ends the wait of this epoch; it must then call `complete`. Acquire: it
    /// may use the frame that the fiber prepared. Release: what it wrote before reaches the fiber.
    bool claim(std::uint64_t epoch, wait_arm arm) noexcept {
        std::uint64_t old = word_.load(std::memory_order_relaxed);
        while (epoch_of(old) == epoch && (old & claimed) == 0) {
            // needs no release: `complete` follows, and has it
            if (word_.compare_exchange_weak(old, with_claim(old, arm), std::memory_order_acq_rel,
                                            std::memory_order_relaxed)) {
                return true;
            }
        }
        return false;
    }

    /// [any waker with nothing to hand over] `claim` and `complete` in one step. `won_parked`: the caller makes the fiber
    /// ready.
    enum class ending { lost, won, won_parked };
    [[nodiscard]] ending claim_and_complete(std::uint64_t epoch, wait_arm arm) noexcept {
        std::uint64_t old = word_.load(std::memory_order_relaxed);
        while (epoch_of(old) == epoch && (old & claimed) == 0) {
            if (word_.compare_exchange_weak(old, with_claim(old, arm) | done,
                                            std::memory_order_acq_rel, std::memory_order_relaxed)) {
                return (old & parked) != 0 ? ending::won_parked : ending::won;
            }
        }
        return ending::lost;
    }

    /// [the same] In the case that is by far the most frequent, without a look before the exchange: true for `won_parked`. False
    /// tells nothing.
    [[nodiscard]] bool claim_if_parked(wait_token token, wait_arm arm) noexcept {
        static_assert(wait_token::epoch_bits + epoch_shift == 64);  // the fiber's number falls out
        std::uint64_t expected = token.raw() << epoch_shift | parked;
        // needs no release: the caller makes the fiber ready, and gives it on with release
        return word_.compare_exchange_strong(expected, with_claim(expected, arm) | done,
                                             std::memory_order_acq_rel, std::memory_order_relaxed);
    }

    /// [who set the cancel flag] The epoch that a cancel may claim, if a wait is open and not masked. Sequentially
    /// consistent, with the flag's store before it: either this sees the open wait, or `park`'s caller sees the flag.
    [[nodiscard]] std::optional<std::uint64_t> cancellable_epoch() const noexcept {
        const std::uint64_t word = word_.load(std::memory_order_seq_cst);
        if ((word & (claimed | no_cancel)) != 0) return std::nullopt;
        return epoch_of(word);
    }

    /// [who parked the fiber, having seen the flag] Claims that wait, unless it is masked. By its epoch, as the fiber may run
    /// again by now, or the block be another's.
    bool claim_for_cancel(std::uint64_t epoch) noexcept {
        // needs no seq_cst, acquire: the caller has parked that wait, and the claim compares
        const std::uint64_t old = word_.load(std::memory_order_seq_cst);
        return (old & no_cancel) == 0 && claim(epoch, wait_arm::cancel);
    }

    /// [winner of the claim] Gives the frame back; true: the fiber is parked, and the caller makes it ready. Nothing of the
    /// wait may be touched afterwards. Release: the frame's last writes; acquire: the registers that `park` published.
    [[nodiscard]] bool complete() noexcept {
        // An addition, since each flag is set once an epoch and x86 has no fetch_or that returns the old word.
        const std::uint64_t old = word_.fetch_add(done, std::memory_order_acq_rel);
        MIOCO_ASSERT((old & (claimed | done)) == claimed,
                     "a wait is completed once, by the winner of its claim");
        return (old & parked) != 0;
    }

    /// [the stack that runs next] Publishes the saved registers. If the wait is over already, the caller makes the fiber ready; if
    /// not, the epoch is what it may still claim. Sequentially consistent: what is set before a look at this word (a cancel
    /// flag, a timer that is disarmed) is seen by the caller's next loads, or the setter sees PARKED.
    struct parked_wait {
        bool is_over;
        std::uint64_t epoch;
    };
    [[nodiscard]] parked_wait park() noexcept {
        const std::uint64_t old = word_.fetch_add(parked, std::memory_order_seq_cst);
        MIOCO_DEBUG_ASSERT((old & parked) == 0, "a fiber parks once a wait");
        return {(old & done) != 0, epoch_of(old)};
    }

    /// [fiber] Of its last wait.
    [[nodiscard]] std::uint64_t last_epoch() const noexcept {
        return epoch_of(word_.load(std::memory_order_relaxed));
    }

    /// [fiber] Whether the wait is over. Acquire: then the frame holds what the winner wrote.
    [[nodiscard]] bool is_done() const noexcept {
        return (word_.load(std::memory_order_acquire) & done) != 0;
    }

    /// [fiber, after the end] Who ended the wait.
    [[nodiscard]] wait_arm winner() const noexcept {
        // needs no acquire: the fiber goes on after `is_done`, or was given on with release
        const std::uint64_t word = word_.load(std::memory_order_acquire);
        MIOCO_DEBUG_ASSERT((word & done) != 0, "the winner is known when the wait is done");
        return static_cast<wait_arm>(word >> arm_shift & 0xffff);
    }

    /// [timer, onlooker] A wait that is parked and that nobody has claimed. Sequentially consistent with the timer's disarming before it,
    /// see `lazy_timer`.
    struct open_wait {
        std::uint64_t epoch;
        bool masks_deadline;
    };
    [[nodiscard]] std::optional<open_wait> open() const noexcept {
        const std::uint64_t word = word_.load(std::memory_order_seq_cst);
        if ((word & (parked | claimed)) != parked) return std::nullopt;
        return open_wait{epoch_of(word), (word & no_deadline) != 0};
    }
    [[nodiscard]] std::optional<std::uint64_t> open_epoch() const noexcept {
        const auto wait = open();
        return wait ? std::optional(wait->epoch) : std::nullopt;
    }

    /// [onlooker] Whether the wait of `open_epoch` is parked and unclaimed still: then what was read of the fiber in between did
    /// not change. An addition of nothing, as its release keeps those reads before it.
    [[nodiscard]] bool is_still_open(std::uint64_t epoch) noexcept {
        // omittable: it adds nothing; it is there for its order
        // needs no acquire: `open_epoch` has it, before what is read
        const std::uint64_t word = word_.fetch_add(0, std::memory_order_acq_rel);
        return (word & (parked | claimed)) == parked && epoch_of(word) == epoch;
    }

    // A ready fiber may be in somebody's keeping (a scheduler's), named by an epoch of its own: whoever takes that epoch owns the fiber,
    // and nobody else does. Who ended the fiber's last wait stays readable.

    /// [owner of the ready fiber] Gives it into keeping; by the epoch that is returned. Release: who takes it sees all that the
    /// owner did. Sequentially consistent: a stop sets its flag, then looks for what is kept; the owner keeps, then looks at the flag.
    /// One of the two sees the other.
    [[nodiscard]] std::uint64_t keep() noexcept {
        const std::uint64_t old = word_.load(std::memory_order_relaxed);
        MIOCO_DEBUG_ASSERT((old & (claimed | done | kept)) == (claimed | done),
                           "what is kept is ready, and kept once");
        const std::uint64_t next = (old + below_epoch + 1) | kept;
        word_.store(next, std::memory_order_seq_cst);
        return epoch_of(next);
    }

    /// [any] Whether the caller, and nobody else, has the fiber now. Acquire, see `keep`.
    [[nodiscard]] bool take(std::uint64_t epoch) noexcept {
        std::uint64_t old = word_.load(std::memory_order_relaxed);
        while (epoch_of(old) == epoch && (old & kept) != 0) {
            // needs no release: what its new owner does with it next has it
            if (word_.compare_exchange_weak(old, old & ~kept, std::memory_order_acq_rel,
                                            std::memory_order_relaxed)) {
                return true;
            }
        }
        return false;
    }

    /// [any] What `take` would need. Sequentially consistent, see `keep`.
    [[nodiscard]] std::optional<std::uint64_t> kept_epoch() const noexcept {
        const std::uint64_t word = word_.load(std::memory_order_seq_cst);
        if ((word & kept) == 0) return std::nullopt;
        return epoch_of(word);
    }

private:
    // epoch:40 | arm:16 | flags:8. At rest CLAIMED and DONE are set, so that nobody can claim. The epoch survives the reuse of
    // the block it lies in; with 2^40 of them a token would have to be kept for hours of nothing but waits to meet its
    // number again.
    static constexpr std::uint64_t claimed = bits::claimed;
    static constexpr std::uint64_t done = 2;
    static constexpr std::uint64_t parked = bits::parked;
    static constexpr auto no_cancel = static_cast<std::uint64_t>(wait_masks::cancel);
    static constexpr std::uint64_t kept = bits::kept;  // only beside CLAIMED and DONE
    static constexpr std::uint64_t no_deadline =
        32;  // of `with_deadline`: one of the wait's own ends it
    static constexpr int arm_shift = 8;
    static constexpr int epoch_shift = 24;
    static constexpr std::uint64_t below_epoch = (std::uint64_t{1} << epoch_shift) - 1;

    static constexpr std::uint64_t epoch_of(std::uint64_t word) noexcept {
        return word >> epoch_shift;
    }
    static constexpr std::uint64_t with_claim(std::uint64_t word, wait_arm arm) noexcept {
        return word | claimed | static_cast<std::uint64_t>(arm) << arm_shift;
    }

    typename Sync::template atomic<std::uint64_t> word_{claimed | done};
};

using wait_word = basic_wait_word<>;

}  // namespace mioco::detail
