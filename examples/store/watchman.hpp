// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "server.hpp"

namespace store {

struct watchman_options {
    std::vector<address> servers;
    /// How often it looks after the primary.
    std::chrono::milliseconds interval{200};
    /// So long it waits for an answer.
    std::chrono::milliseconds patience{300};
    /// The planted mistake: the server with the longest log is made the primary. Without it the one whose last entry is of the newest epoch
    /// is, and of several such the one with the longest log.
    bool promotes_the_longest = false;
    /// Called with what happens that is worth telling.
    std::function<void(const std::string&)> tell = [](const std::string&) {};
};

/// Looks after the primary, and promotes another server if it does not answer. There is one watchman, and it never fails. Its
/// fibers use it: it must outlive them.
class watchman {
public:
    explicit watchman(watchman_options options) : options_(std::move(options)) {}

    /// Until its runtime is stopped.
    void watch();

private:
    struct candidate {
        const address* server = nullptr;
        position end;
    };

    [[nodiscard]] bool primary_answers() const;
    void fail_over();
    [[nodiscard]] std::vector<candidate> fence_all() const;
    [[nodiscard]] std::optional<candidate> fence(const address& server) const;
    [[nodiscard]] bool is_behind(const candidate& one, const candidate& other) const;

    watchman_options options_;
    epoch_number epoch_ = 0;
    const address* primary_ = nullptr;
};

}  // namespace store
