// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

#include <mioco/detail/sync.hpp>

namespace mioco::detail {

/// Who has a mutex that has a line, as far as one word can say it: nobody, somebody, or somebody while others are in line. Where it is
/// said "guarded", under the line's guard.
template <class Sync = system_sync>
class basic_lock_word {
public:
    constexpr basic_lock_word() noexcept = default;

    bool try_take() noexcept {
        std::uint32_t expected = free;
        return state_.compare_exchange_strong(expected, held, std::memory_order_acquire,
                                              std::memory_order_relaxed);
    }
    /// False: somebody is in line. It is still held then, until the holder has handed it over, guarded.
    bool try_give_back() noexcept {
        std::uint32_t expected = held;
        return state_.compare_exchange_strong(expected, free, std::memory_order_release,
                                              std::memory_order_relaxed);
    }

    /// [guarded] Takes it; or leaves word for the holder that somebody gets into line, and is false.
    bool take_or_announce(bool others_wait) noexcept {
        std::uint32_t old = state_.load(std::memory_order_relaxed);
        for (;;) {
            if (old == free) {
                if (state_.compare_exchange_weak(old, others_wait ? awaited : held,
                                                 std::memory_order_acquire,
                                                 std::memory_order_relaxed))
                    return true;
            } else if (old == awaited ||
                       state_.compare_exchange_weak(old, awaited, std::memory_order_relaxed)) {
                return false;
            }
        }
    }
    /// [guarded, holder] It is the caller's no more, but that of somebody who was in line.
    void hand_over(bool others_wait) noexcept {
        // omittable: the next holder would look at an empty line
        if (!others_wait) state_.store(held, std::memory_order_relaxed);
    }
    /// [guarded, holder] It is nobody's. Of those in line one must be about to try for it, if there are any.
    void let_go() noexcept { state_.store(free, std::memory_order_release); }

private:
    static constexpr std::uint32_t free = 0;
    static constexpr std::uint32_t held = 1;
    static constexpr std::uint32_t awaited = 2;

    // `awaited` is entered and left under the guard only. While it is not, nobody is in line but for somebody who is about to try for
    // the mutex, and says so then. Acquire on taking, release on giving back: what one holder wrote the next one sees; one it
    // was handed to sees it by the claim of its wait.
    typename Sync::template lock_atomic<std::uint32_t> state_{free};
};

using lock_word = basic_lock_word<>;

}  // namespace mioco::detail
