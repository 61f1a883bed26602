// SPDX-License-Identifier: MPL-2.0
#include "client.hpp"

#include <algorithm>

namespace mioco::load {

client::client(const client_setup& setup, std::size_t index)
    : setup_(setup),
      shard_(&setup.results->shard_of(index)),
      start_(payload::start_of(index)),
      index_(index) {}

void client::give_up() noexcept {
    given_up_.store(true, std::memory_order_relaxed);
    close();
}

bool client::accept(std::span<const std::byte> received, std::uint64_t sent_bytes) {
    if (received.empty()) {
        fail("closed by the server");
        return false;
    }
    if (received_bytes_ + received.size() > sent_bytes) {
        fail("the server sent more than it was sent");
        return false;
    }
    if (!setup_.text->matches(start_ + received_bytes_, received)) {
        fail("the server's answer differs from the request");
        return false;
    }
    received_bytes_ += received.size();
    return true;
}

void client::fail(const std::string& why) {
    if (given_up() || failed_.exchange(true, std::memory_order_relaxed)) return;
    setup_.results->fail("connection " + std::to_string(index_) + ": " + why);
    close();
}

void client::fail(const std::string& what, const std::error_code& ec) {
    if (ec != std::errc::operation_canceled) fail(what + ": " + ec.message());
}

std::size_t client::buffer_bytes(std::size_t under_way_bytes) noexcept {
    return std::min(under_way_bytes + 64, payload::chunk_bytes);
}

}  // namespace mioco::load
