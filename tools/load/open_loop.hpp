// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "client.hpp"
#include "schedule.hpp"

namespace mioco::load {

/// A client that sends by the clock, whether or not answers come, as independent users do. Latency
/// counts from the time a request was due: so a stall of the server, or of this program, shows in
/// every request that fell into it ("coordinated omission" is when it does not).
class open_loop final : public client {
public:
    open_loop(const client_setup& setup, std::size_t index, net::tcp_stream stream,
              const schedule& plan);

    void run() override;
    std::uint64_t settle(clock::time_point now) override;

private:
    void close() noexcept override { reader_.close(); }
    void send_as_planned();
    void receive();
    void record_answers(clock::time_point now);
    /// How many messages with numbers from `first` on, and below `past`, are measured.
    [[nodiscard]] std::uint64_t count_measured(std::uint64_t first,
                                               std::uint64_t past) const noexcept;

    net::read_half reader_;
    net::write_half writer_;
    schedule plan_;
    std::uint64_t first_measured_;
    std::uint64_t past_measured_;
    std::uint64_t answered_ = 0;
    // The sender raises it before it sends, the receiver compares what comes with it.
    std::atomic<std::uint64_t> sent_ = 0;
    std::atomic<bool> sending_over_ = false;
};

}  // namespace mioco::load
