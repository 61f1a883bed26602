// SPDX-License-Identifier: MPL-2.0
#include "measurement.hpp"

namespace mioco::load {

void measurement::fail(const std::string& why) {
    const std::scoped_lock lock(mutex_);
    if (failures_++ == 0) first_failure_ = why;
}

totals measurement::sum() const noexcept {
    totals sum;
    for (const shard& s : shards_) {
        sum.requests += s.requests.load(std::memory_order_relaxed);
        sum.responses += s.responses.load(std::memory_order_relaxed);
    }
    const std::scoped_lock lock(mutex_);
    sum.failures = failures_;
    return sum;
}

void measurement::collect(histogram& into) const noexcept {
    for (const shard& s : shards_) into.merge(s.latencies);
}

std::string measurement::first_failure() const {
    const std::scoped_lock lock(mutex_);
    return first_failure_;
}

}  // namespace mioco::load
