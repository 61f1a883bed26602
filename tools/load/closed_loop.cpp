// SPDX-License-Identifier: MPL-2.0
#include "closed_loop.hpp"

#include <algorithm>

#include <mioco/spawn.hpp>

namespace mioco::load {

namespace {

// An echo server does not read while it can't write. If more is under way than the kernel's buffers
// hold, and the client does not read while it writes, each waits for the other for ever. So much
// fits into any system's buffers.
constexpr std::uint64_t always_buffered_bytes = std::uint64_t{64} * 1024;

}  // namespace

closed_loop::closed_loop(const client_setup& setup, std::size_t index, net::tcp_stream stream,
                         std::uint32_t pipeline)
    : client(setup, index),
      stream_(std::move(stream)),
      pipeline_(pipeline),
      send_beside_(setup.message_bytes * pipeline > always_buffered_bytes),
      bursts_(pipeline) {}

void closed_loop::run() {
    std::vector<std::byte> buffer(buffer_bytes(setup().message_bytes * pipeline_));
    top_up(clock::now());
    while (under_way() > 0 && !failed()) {
        std::error_code ec;
        const std::size_t size = stream_.read(buffer, ec);
        const auto now = clock::now();
        if (ec) return fail("read", ec);
        if (!accept(std::span(buffer).first(size), sent_ * setup().message_bytes)) return;
        record_answers(now);
        if (now < setup().measured.end) top_up(now);
    }
    if (sender_) sender_->join();
    close();
}

void closed_loop::top_up(clock::time_point now) {
    const std::uint64_t count = pipeline_ - under_way();
    if (count == 0) return;
    if (sender_) {
        // It sends the burst before, and the answers to that will bring us here again, unless all
        // of them are here.
        if (under_way() > 0 && !sender_->done()) return;
        sender_->join();
        sender_.reset();
    }
    const std::uint64_t first = sent_;
    sent_ += count;
    bursts_[(oldest_ + burst_count_++) % bursts_.size()] = {now, count};
    if (setup().measured.contains(now))
        counters().requests.fetch_add(count, std::memory_order_relaxed);
    if (send_beside_) {
        sender_ = mioco::spawn([this, first, count] { send(first, count); });
    } else {
        send(first, count);
    }
}

void closed_loop::send(std::uint64_t first, std::uint64_t count) {
    std::error_code ec;
    setup().text->write(stream_, position_of(first), count * setup().message_bytes, ec);
    if (ec) fail("write", ec);
}

void closed_loop::record_answers(clock::time_point now) {
    const window& measured = setup().measured;
    std::uint64_t count = received_bytes_ / setup().message_bytes - answered_;
    answered_ += count;
    while (count > 0) {
        burst& oldest = bursts_[oldest_];
        const std::uint64_t part = std::min(count, oldest.count);
        if (measured.contains(oldest.sent)) {
            counters().latencies.record(now - oldest.sent, part);
            if (now < measured.end) counters().responses.fetch_add(part, std::memory_order_relaxed);
        }
        count -= part;
        oldest.count -= part;
        if (oldest.count == 0) {
            oldest_ = (oldest_ + 1) % bursts_.size();
            --burst_count_;
        }
    }
}

std::uint64_t closed_loop::settle(clock::time_point now) {
    std::uint64_t unanswered = 0;
    for (std::size_t i = 0; i < burst_count_; ++i) {
        const burst& left = bursts_[(oldest_ + i) % bursts_.size()];
        if (!setup().measured.contains(left.sent)) continue;
        unanswered += left.count;
        if (!failed()) counters().latencies.record(now - left.sent, left.count);
    }
    return unanswered;
}

}  // namespace mioco::load
