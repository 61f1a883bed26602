// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>

#include <mioco/join_handle.hpp>
#include <mioco/net/tcp_stream.hpp>

#include "measurement.hpp"
#include "payload.hpp"

namespace mioco::load {

/// What all clients of a run share.
struct client_setup {
    const payload* text;
    std::size_t message_bytes;
    window measured;
    measurement* results;
};

/// One connection under load. It outlives the fibers that run it, so that what they left unanswered
/// can be counted when all have ended, be it by themselves or because the run was cancelled.
class client {
public:
    client(const client_setup& setup, std::size_t index);
    virtual ~client() = default;
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    /// Sends and receives until the window's end and until what is under way is answered.
    virtual void run() = 0;

    /// Gives up what is still under way: whoever waits on the connection is woken. From any fiber,
    /// at any time.
    void give_up() noexcept;

    /// After every fiber has ended, at `now`: requests of the window that were never answered.
    /// Those on a connection that still stood count in the latencies, as having taken until now;
    /// otherwise a server that stalls would look the better the longer it does.
    virtual std::uint64_t settle(clock::time_point now) = 0;

protected:
    /// Whether the bytes that came continue the text; a failure otherwise. `sent_bytes` may be
    /// under way or answered.
    bool accept(std::span<const std::byte> received, std::uint64_t sent_bytes);
    /// Counts the connection as failed, unless it was given up or cancelled or has failed before;
    /// closes it.
    void fail(const std::string& why);
    void fail(const std::string& what, const std::error_code& ec);
    [[nodiscard]] bool failed() const noexcept { return failed_.load(std::memory_order_relaxed); }
    [[nodiscard]] bool given_up() const noexcept {
        return given_up_.load(std::memory_order_relaxed);
    }

    virtual void close() noexcept = 0;

    [[nodiscard]] const client_setup& setup() const noexcept { return setup_; }
    [[nodiscard]] measurement::shard& counters() noexcept { return *shard_; }
    /// Where in the text message `number` begins.
    [[nodiscard]] std::uint64_t position_of(std::uint64_t number) const noexcept {
        return start_ + number * setup_.message_bytes;
    }
    /// A buffer for responses is larger than a message: a read that leaves room tells the runtime
    /// that no more is there, which spares a system call, and bytes that nobody asked for are seen.
    [[nodiscard]] static std::size_t buffer_bytes(std::size_t under_way_bytes) noexcept;

    std::uint64_t received_bytes_ = 0;

private:
    const client_setup setup_;
    measurement::shard* shard_;
    std::uint64_t start_;
    std::size_t index_;
    std::atomic<bool> failed_ = false;
    std::atomic<bool> given_up_ = false;
};

}  // namespace mioco::load
