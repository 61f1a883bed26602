// SPDX-License-Identifier: MPL-2.0
#include "client.hpp"

#include <chrono>
#include <system_error>

namespace store {

using namespace std::chrono_literals;

std::optional<std::string> client::set(const std::string& key, const std::string& value) {
    // Round twice, as a server may be made the primary just now.
    for (std::size_t i = 0; i < 2 * servers_.size(); ++i) {
        if (request("SET " + key + ' ' + value) == "OK") return servers_[at_].name;
        try_another();
    }
    return std::nullopt;
}

std::optional<std::string> client::request(const std::string& line) {
    try {
        if (!connection_) {
            auto made = mioco::net::tcp_stream::connect(servers_[at_].where);
            made.nodelay(true);
            connection_.emplace(std::move(made));
        }
        connection_->write(line + '\n');
        auto reply = connection_->read(1s);
        // A reply that comes later would be taken for that to the next request.
        if (!reply) disconnect();
        return reply;
    } catch (const std::system_error&) {
        disconnect();
        return std::nullopt;
    }
}

void client::try_another() {
    disconnect();
    at_ = (at_ + 1) % servers_.size();
}

}  // namespace store
