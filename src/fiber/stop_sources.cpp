// SPDX-License-Identifier: MPL-2.0
#include "fiber/stop_sources.hpp"

#include <atomic>
#include <limits>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/lock.hpp"
#include "base/never_destroyed.hpp"
#include "fiber/fiber_extras.hpp"
#include "sched/current.hpp"

namespace mioco::detail {

namespace {

struct stop_sources {
    lock in_use;
    std::unordered_map<std::uint64_t, std::stop_source> by_number;
    // How many there are. Who makes one counts it, then looks for a request; who requests sets that, then looks at the count: one of
    // the two sees the other.
    std::atomic<std::size_t> count{0};
};

stop_sources& all_sources() noexcept {
    static never_destroyed<stop_sources> all;
    return all.value;
}

std::stop_source source_of(fiber& self) {
    stop_sources& all = all_sources();
    const std::scoped_lock held(all.in_use);
    const auto [found, is_new] = all.by_number.try_emplace(self.number());
    if (is_new) all.count.fetch_add(1, std::memory_order_seq_cst);
    return found->second;
}

std::optional<std::stop_source> known_source(std::uint64_t number) noexcept {
    stop_sources& all = all_sources();
    if (all.count.load(std::memory_order_seq_cst) == 0) return std::nullopt;
    const std::scoped_lock held(all.in_use);
    const auto found = all.by_number.find(number);
    if (found == all.by_number.end()) return std::nullopt;
    return found->second;
}

}  // namespace

// The callbacks run in one go, though what they call spends. Who destroys one waits for it only on another thread: on this one it would
// be gone while it runs, and from another it would hold that up.
void request_in_one_go(std::stop_source& source) noexcept {
    fiber* const self = current_fiber();
    if (self == nullptr) return static_cast<void>(source.request_stop());
    const std::int32_t left = std::exchange(self->budget, std::numeric_limits<std::int32_t>::max());
    source.request_stop();
    self->budget = left;
}

std::stop_token stop_token_of(fiber& self) {
    needed_extras(self).has_stop_source = true;
    std::stop_source source = source_of(self);
    if (self.cancel_requested()) request_in_one_go(source);
    return source.get_token();
}

void tell_of_cancel(std::uint64_t fiber_number) noexcept {
    if (auto source = known_source(fiber_number)) request_in_one_go(*source);
}

void forget_stop_source(std::uint64_t fiber_number) noexcept {
    stop_sources& all = all_sources();
    decltype(all.by_number)::node_type freed;
    const std::scoped_lock held(all.in_use);
    freed = all.by_number.extract(fiber_number);
    if (!freed.empty()) all.count.fetch_sub(1, std::memory_order_seq_cst);
}

}  // namespace mioco::detail
