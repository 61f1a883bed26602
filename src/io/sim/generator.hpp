// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <bit>
#include <cstdint>

namespace mioco::detail::sim {

/// The one source of chance of a simulation: xoshiro256** of Blackman and Vigna. What is drawn depends on the seed and on how often
/// was drawn before.
class generator {
public:
    explicit generator(std::uint64_t seed) noexcept {
        // SplitMix64, so that seeds that are alike give states that are not.
        for (std::uint64_t& word : state_) {
            seed += 0x9E3779B97F4A7C15;
            std::uint64_t mixed = seed;
            mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
            word = mixed ^ (mixed >> 31);
        }
    }

    std::uint64_t draw() noexcept {
        const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
        const std::uint64_t shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = std::rotl(state_[3], 45);
        return result;
    }

    /// 0 to `count` - 1. Slightly uneven where `count` is huge, which none is.
    std::uint64_t below(std::uint64_t count) noexcept { return count <= 1 ? 0 : draw() % count; }

    /// True at this rate. Nothing is drawn for what never or always happens.
    bool chance(double rate) noexcept {
        if (rate <= 0) return false;
        if (rate >= 1) return true;
        return static_cast<double>(draw() >> 11) * 0x1p-53 < rate;
    }

private:
    std::uint64_t state_[4];
};

}  // namespace mioco::detail::sim
