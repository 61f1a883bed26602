// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <mioco/join_handle.hpp>

#include "client.hpp"

namespace mioco::load {

/// A client that keeps a number of requests under way: it sends the next ones as answers come. It
/// measures the most that a server can do; but while a server stalls it asks nothing, so that a
/// stall shows in few of the latencies.
class closed_loop final : public client {
public:
    closed_loop(const client_setup& setup, std::size_t index, net::tcp_stream stream,
                std::uint32_t pipeline);

    void run() override;
    std::uint64_t settle(clock::time_point now) override;

private:
    struct burst {
        clock::time_point sent;
        std::uint64_t count;
    };

    void close() noexcept override { stream_.close(); }
    void top_up(clock::time_point now);
    void send(std::uint64_t first, std::uint64_t count);
    void record_answers(clock::time_point now);
    [[nodiscard]] std::uint64_t under_way() const noexcept { return sent_ - answered_; }

    net::tcp_stream stream_;
    std::uint32_t pipeline_;
    bool send_beside_;  // a fiber of its own sends while this one reads
    std::optional<join_handle<void>> sender_;
    std::uint64_t sent_ = 0;
    std::uint64_t answered_ = 0;
    std::vector<burst> bursts_;  // a ring: what is under way, oldest first
    std::size_t oldest_ = 0;
    std::size_t burst_count_ = 0;
};

}  // namespace mioco::load
