// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstddef>

namespace mioco::load {

/// Takes one off a count of running fibers at the end of a scope, however that ends.
class countdown {
public:
    explicit countdown(std::atomic<std::size_t>& left) noexcept : left_(left) {}
    ~countdown() { --left_; }
    countdown(const countdown&) = delete;
    countdown& operator=(const countdown&) = delete;

private:
    std::atomic<std::size_t>& left_;
};

}  // namespace mioco::load
