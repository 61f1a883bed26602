// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client.hpp"
#include "server.hpp"
#include "watchman.hpp"

namespace store {

/// Is told who does something, and what.
using teller = std::function<void(const std::string& who, const std::string& what)>;

/// An acknowledged write that cannot be found.
struct loss {
    std::string key;
    std::string what;  ///< For people.
};

struct round_options {
    /// With the planted mistake, or without.
    bool promotes_the_longest = true;
    /// How many clients write at the same time, and how often each.
    std::size_t clients = 4;
    std::size_t writes = 10;
    /// Called by the clients between their writes.
    std::function<void(client&)> pause;
    /// What goes wrong meanwhile, made by a fiber of its own. Nothing, unless it is given.
    std::function<void(const std::vector<std::string>& servers)> trouble;
    teller tell = [](const auto&, const auto&) {};
};

/// Three servers, a watchman, and clients who note which of their writes were acknowledged. In the end each of those must be found.
///
/// The same code in a simulation, where each of them has a host of its own, and outside, where they are in one process. Must outlive the
/// simulation, or the runtime: their fibers use it.
class round {
public:
    explicit round(round_options options) : options_(std::move(options)) {}

    /// What was lost; nothing if all is well. Servers and watchman go on until they are stopped.
    std::optional<loss> play();
    /// How many writes were acknowledged.
    [[nodiscard]] std::size_t acknowledged() const noexcept { return noted_.size(); }

private:
    struct acknowledged_write {
        std::string key;
        std::string value;
        std::string server;
    };

    void start_servers();
    void start_watchman();
    void write_all(const std::string& name);
    std::optional<loss> find_all();
    loss lost(const acknowledged_write& one, const std::string& answer, const std::string& server);

    round_options options_;
    std::vector<address> addresses_;
    std::vector<std::unique_ptr<server>> servers_;
    std::unique_ptr<watchman> watchman_;
    mioco::mutex guard_;
    std::vector<acknowledged_write> noted_;
};

}  // namespace store
