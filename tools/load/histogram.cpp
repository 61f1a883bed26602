// SPDX-License-Identifier: MPL-2.0
#include "histogram.hpp"

#include <algorithm>

namespace mioco::load {

void histogram::record(std::chrono::nanoseconds latency, std::uint64_t count) noexcept {
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
    counts_[slot_of(value)].fetch_add(count, std::memory_order_relaxed);
    raise_max(value);
}

void histogram::raise_max(std::uint64_t value) noexcept {
    std::uint64_t known = max_.load(std::memory_order_relaxed);
    while (value > known && !max_.compare_exchange_weak(known, value, std::memory_order_relaxed)) {
    }
}

void histogram::merge(const histogram& other) noexcept {
    for (std::size_t slot = 0; slot < slot_count; ++slot) {
        const auto more = other.counts_[slot].load(std::memory_order_relaxed);
        if (more != 0) counts_[slot].fetch_add(more, std::memory_order_relaxed);
    }
    raise_max(other.max_.load(std::memory_order_relaxed));
}

std::uint64_t histogram::count() const noexcept {
    std::uint64_t sum = 0;
    for (const auto& slot : counts_) sum += slot.load(std::memory_order_relaxed);
    return sum;
}

std::chrono::nanoseconds histogram::max() const noexcept {
    return std::chrono::nanoseconds(max_.load(std::memory_order_relaxed));
}

std::chrono::nanoseconds histogram::percentile(unsigned per_mille) const noexcept {
    const std::uint64_t wanted = (count() * per_mille + 999) / 1000;
    std::uint64_t seen = 0;
    for (std::size_t slot = 0; slot < slot_count; ++slot) {
        seen += counts_[slot].load(std::memory_order_relaxed);
        if (seen != 0 && seen >= wanted) {
            return std::min(std::chrono::nanoseconds(slot_end(slot)), max());
        }
    }
    return std::chrono::nanoseconds(0);
}

}  // namespace mioco::load
