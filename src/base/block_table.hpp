// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>

#include "base/lock.hpp"
#include "base/sys.hpp"

namespace mioco::detail {

/// Blocks of one type for the whole process, each with a number that never changes, in memory that is never unmapped: who holds an
/// old number or pointer finds a block of that type, if perhaps another's by now. `Block` is constructed once, with its
/// number, and has a `next` that is the table's while the block is free.
template <class Block, std::uint32_t ChunkSize, std::uint32_t ChunkCount>
class block_table {
public:
    static constexpr std::uint32_t most_blocks =
        ChunkSize * ChunkCount - 1;  // the number 0 is no block's
    static constexpr std::uint32_t blocks_a_chunk = ChunkSize;
    static constexpr std::uint32_t most_chunks = ChunkCount;

    Block& operator[](std::uint32_t index) noexcept {
        return chunks_[index / ChunkSize].load(std::memory_order_acquire)[index % ChunkSize];
    }

    /// Up to `count` free blocks as a list. Empty if there is none and none can be made.
    Block* take(std::size_t count) noexcept {
        const std::scoped_lock held(lock_);
        Block* list = nullptr;
        for (std::size_t i = 0; i < count; ++i) {
            Block* block = free_;
            if (block != nullptr) {
                free_ = block->next;
            } else {
                block = carve();
            }
            if (block == nullptr) break;
            block->next = list;
            list = block;
        }
        return list;
    }

    /// Takes a list of blocks back.
    void give(Block* first) noexcept {
        const std::scoped_lock held(lock_);
        while (first != nullptr) {
            Block* const following = first->next;
            first->next = free_;
            free_ = first;
            first = following;
        }
    }

    /// Whether `take` found nothing because all numbers are in use, rather than for lack of memory.
    [[nodiscard]] bool is_full() const noexcept {
        return used_.load(std::memory_order_relaxed) > most_blocks;
    }

    /// All numbers of blocks that were ever used are below this one, and above zero.
    [[nodiscard]] std::uint32_t end_index() const noexcept {
        return used_.load(std::memory_order_acquire);
    }

    /// For an onlooker who has found the address of a block where nothing was published with it: from here on its constructor's work
    /// is there for the caller.
    void see_constructed() const noexcept {
        static_cast<void>(used_.load(std::memory_order_acquire));
    }

    /// Calls `visit` with every block that was ever used. They come and go meanwhile.
    template <class Visit>
    void for_each(Visit visit) {
        const std::uint32_t end = end_index();
        for (std::uint32_t index = 1; index < end; ++index) visit((*this)[index]);
    }

private:
    Block* carve() noexcept {
        const std::uint32_t index = used_.load(std::memory_order_relaxed);
        if (index > most_blocks) return nullptr;
        auto& chunk = chunks_[index / ChunkSize];
        if (chunk.load(std::memory_order_relaxed) == nullptr) {
            const long mapped = sys::map_anonymous(ChunkSize * sizeof(Block));
            if (mapped < 0) return nullptr;
            chunk.store(reinterpret_cast<Block*>(mapped), std::memory_order_release);
        }
        auto* block =
            new (static_cast<void*>(chunk.load(std::memory_order_relaxed) + index % ChunkSize))
                Block(index);
        used_.store(index + 1, std::memory_order_release);
        return block;
    }

    std::array<std::atomic<Block*>, ChunkCount> chunks_{};  // first, for debuggers
    lock lock_;
    Block* free_ = nullptr;
    // Blocks below this number are constructed: its release follows the construction.
    std::atomic<std::uint32_t> used_{1};
};

}  // namespace mioco::detail
