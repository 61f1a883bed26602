// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server.hpp"

namespace store {

/// Talks to whichever server is the primary.
class client {
public:
    explicit client(std::vector<address> servers) : servers_(std::move(servers)) {}

    /// The name of the server that acknowledged the write. Nothing if none did: the write may be lost then, or not.
    std::optional<std::string> set(const std::string& key, const std::string& value);
    /// What the server says that answered last: VALUE and the value, or NONE, or ERR and the reason. Nothing if it does not answer.
    std::optional<std::string> get(const std::string& key) { return request("GET " + key); }
    /// The next request goes over a new connection.
    void disconnect() { connection_.reset(); }

private:
    std::optional<std::string> request(const std::string& line);
    void try_another();

    std::vector<address> servers_;
    std::size_t at_ = 0;
    std::optional<line_stream> connection_;
};

}  // namespace store
