// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

// How a fiber is asked to stop.
//
// Whoever asks looks through all blocks, while fibers end and their blocks become others'. So a request names a fiber, by a number that
// is never used again, and not a block: one that comes late speaks of a fiber that is no more. Of a block it takes the word; `home` and `id`,
// which tell whose it is now; `cancelled_id`, who was asked; and `may_be_cancelled`, a hint that this is worth a look.
//
// No request is lost: who asks sets it, then looks for an open wait (`wait_word::cancellable_epoch`); who parks a fiber publishes that, then
// looks for a request. All of that is sequentially consistent, so one of the two sees the other.
//
// None reaches the wrong fiber: an id is published with release, after the end of the one before. So whoever has read it, with
// acquire, reads no home of an earlier fiber.
//
// Templates over the block, so that tests/model runs them with one of its own.

namespace mioco::detail {

/// [any] Whether `block` is that fiber, of that runtime, at this moment.
template <class Block, class Home>
[[nodiscard]] bool is_block_of(const Block& block, const Home& home, std::uint64_t id) noexcept {
    // needs no acquire: who reads an earlier id with it names a fiber that is no more
    return block.home.load(std::memory_order_acquire) == home &&
           block.id.load(std::memory_order_relaxed) == id;
}

/// [any] Asks the fiber that `block` is now, if it is one of `home`'s, and tells its id.
template <class Block, class Home>
std::optional<std::uint64_t> request_cancel(Block& block, const Home& home) noexcept {
    std::uint64_t id = 0;
    // Read before the id is: if the block's next fiber is asked meanwhile, the exchange fails, and its request stays.
    // needs no seq_cst: it only has to come before the look at the id
    std::uint64_t requested = block.cancelled_id.load(std::memory_order_seq_cst);
    do {
        id = block.id.load(std::memory_order_acquire);
        if (!is_block_of(block, home, id)) return std::nullopt;
    } while (!block.cancelled_id.compare_exchange_weak(requested, id, std::memory_order_seq_cst));
    block.may_be_cancelled.store(true, std::memory_order_seq_cst);
    return id;
}

/// [who has asked that fiber] The epoch of its open wait, if there is one that a cancel may end.
template <class Block, class Home>
[[nodiscard]] std::optional<std::uint64_t> wait_to_cancel(const Block& block, const Home& home,
                                                          std::uint64_t id) noexcept {
    const auto epoch = block.word.cancellable_epoch();
    // Still the same fiber, so the epoch, which was read before, is one of its own.
    if (!epoch || !is_block_of(block, home, id)) return std::nullopt;
    return epoch;
}

/// [the fiber, or who owns it while it is ready] Asks without a look at whose block it is.
template <class Block>
void request_own_cancel(Block& block) noexcept {
    // needs no seq_cst: who parks the fiber is the caller, or was given it by him
    block.cancelled_id.store(block.id.load(std::memory_order_relaxed), std::memory_order_seq_cst);
    // needs no seq_cst, release: as above
    block.may_be_cancelled.store(true, std::memory_order_seq_cst);
}

/// [the fiber] Takes back the hint that it is worth a look, unless it was asked: a request that comes meanwhile sets it again.
template <class Block>
void forget_hint(Block& block) noexcept {
    // omittable: it saves looks
    // untested seq_cst, release: Relacy's loads are never early
    block.may_be_cancelled.store(false, std::memory_order_seq_cst);
    if (block.cancelled_id.load(std::memory_order_seq_cst) ==
        block.id.load(std::memory_order_relaxed)) {
        block.may_be_cancelled.store(true, std::memory_order_relaxed);
    }
}

/// [any] Whether the fiber was asked that the block is, or was a moment ago; who acts on it does so by an epoch of the one it means.
template <class Block>
[[nodiscard]] bool is_cancel_requested(const Block& block) noexcept {
    const bool perhaps = block.may_be_cancelled.load(std::memory_order_seq_cst);
    // needs no seq_cst, acquire: the look before it has that
    return perhaps && block.cancelled_id.load(std::memory_order_seq_cst) ==
                          block.id.load(std::memory_order_relaxed);
}

}  // namespace mioco::detail
