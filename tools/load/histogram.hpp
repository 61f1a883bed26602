// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace mioco::load {

/// Counts of latencies in a table of fixed size. Below 64 ns each value has a slot; above, each
/// power of two is cut into 64 slots, so a percentile is at most 1/64 too high. The maximum is
/// exact. Fibers on several workers may record at once; a reader meanwhile sees some of it.
class histogram {
public:
    /// Counts `count` requests that took this long; less than nothing counts as nothing.
    void record(std::chrono::nanoseconds latency, std::uint64_t count = 1) noexcept;

    /// Adds what the other holds.
    void merge(const histogram& other) noexcept;

    /// How many were recorded.
    [[nodiscard]] std::uint64_t count() const noexcept;
    /// The longest; zero when nothing was recorded.
    [[nodiscard]] std::chrono::nanoseconds max() const noexcept;
    /// The latency within which `per_mille` of a thousand requests were answered; zero when nothing
    /// was recorded.
    [[nodiscard]] std::chrono::nanoseconds percentile(unsigned per_mille) const noexcept;

    /// The slot of a value in nanoseconds.
    static constexpr std::size_t slot_of(std::uint64_t value) noexcept {
        if (value < slots_per_octave) return static_cast<std::size_t>(value);
        const auto shift = static_cast<unsigned>(std::bit_width(value)) - 1 - octave_bits;
        return (shift + 1) * slots_per_octave + static_cast<std::size_t>(value >> shift) -
               slots_per_octave;
    }
    /// The largest value that falls into a slot.
    static constexpr std::uint64_t slot_end(std::size_t slot) noexcept {
        if (slot < slots_per_octave) return slot;
        const std::size_t shift = slot / slots_per_octave - 1;
        const std::uint64_t lowest = std::uint64_t{slot % slots_per_octave + slots_per_octave}
                                     << shift;
        return lowest + ((std::uint64_t{1} << shift) - 1);
    }

private:
    static constexpr unsigned octave_bits = 6;
    static constexpr std::size_t slots_per_octave = std::size_t{1} << octave_bits;
    static constexpr std::size_t slot_count = (64 - octave_bits + 1) * slots_per_octave;

    void raise_max(std::uint64_t value) noexcept;

    std::atomic<std::uint64_t> max_ = 0;
    std::array<std::atomic<std::uint64_t>, slot_count> counts_{};
};

}  // namespace mioco::load
