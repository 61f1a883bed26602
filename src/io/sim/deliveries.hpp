// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <mioco/detail/deadline.hpp>

namespace mioco::detail::sim {

/// What happens by itself when its time has come: something arrives, or has taken too long.
class deliverable {
public:
    deliverable() = default;
    virtual ~deliverable() = default;
    deliverable(const deliverable&) = delete;
    deliverable& operator=(const deliverable&) = delete;

    /// `tag`: as it was posted, for what has several.
    virtual void arrive(std::uint64_t tag) = 0;
};

/// What is under way, by virtual time; what comes at the same time comes in the order in which it was posted.
class deliveries {
public:
    struct one {
        nanoseconds_t when;
        std::uint64_t sequence;
        std::uint64_t tag;
        std::shared_ptr<deliverable> what;
    };

    void post(nanoseconds_t when, std::shared_ptr<deliverable> what, std::uint64_t tag) {
        heap_.push_back({when, sequence_++, tag, std::move(what)});
        std::ranges::push_heap(heap_, comes_later);
    }
    /// `never` if there is none.
    [[nodiscard]] nanoseconds_t next() const noexcept {
        return heap_.empty() ? never : heap_.front().when;
    }
    one pop() {
        std::ranges::pop_heap(heap_, comes_later);
        one first = std::move(heap_.back());
        heap_.pop_back();
        return first;
    }
    [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }
    void clear() noexcept { heap_.clear(); }

private:
    static bool comes_later(const one& a, const one& b) noexcept {
        return a.when != b.when ? a.when > b.when : a.sequence > b.sequence;
    }

    std::vector<one> heap_;
    std::uint64_t sequence_ = 0;
};

}  // namespace mioco::detail::sim
