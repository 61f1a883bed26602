// SPDX-License-Identifier: MPL-2.0
#include "open_loop.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

#include <mioco/spawn.hpp>
#include <mioco/time.hpp>

namespace mioco::load {

namespace {

// After a stall many answers come at once.
constexpr std::size_t least_buffer_bytes = 4096;

// How many messages go out in one piece when the plan is behind.
std::uint64_t messages_a_chunk(std::size_t message_bytes) noexcept {
    return std::max<std::uint64_t>(1, payload::chunk_bytes / message_bytes);
}

}  // namespace

open_loop::open_loop(const client_setup& setup, std::size_t index, net::tcp_stream stream,
                     const schedule& plan)
    : client(setup, index),
      plan_(plan),
      first_measured_(plan.count_due_before(setup.measured.begin)),
      past_measured_(plan.count_due_before(setup.measured.end)) {
    std::tie(reader_, writer_) = std::move(stream).split();
}

void open_loop::run() {
    auto sender = mioco::spawn([this] { send_as_planned(); });
    receive();
    sender.join();
}

void open_loop::send_as_planned() {
    std::uint64_t next = 0;
    while (next < past_measured_) {
        mioco::sleep_until(plan_.due(next));
        if (failed()) return;
        // When this is late, several are due, and after the window's end all that still are.
        const std::uint64_t due = std::min(plan_.count_due(clock::now()), past_measured_);
        const std::uint64_t count = std::min(due - next, messages_a_chunk(setup().message_bytes));
        sent_.store(next + count, std::memory_order_release);
        counters().requests.fetch_add(count_measured(next, next + count),
                                      std::memory_order_relaxed);
        std::error_code ec;
        setup().text->write(writer_, position_of(next), count * setup().message_bytes, ec);
        if (ec) return fail("write", ec);
        next += count;
    }
    sending_over_.store(true, std::memory_order_release);
    // The server sees the end, answers what it has, and closes: that ends the receiver.
    writer_ = {};
}

void open_loop::receive() {
    std::vector<std::byte> buffer(
        buffer_bytes(std::max(setup().message_bytes, least_buffer_bytes)));
    for (;;) {
        std::error_code ec;
        const std::size_t size = reader_.read(buffer, ec);
        const auto now = clock::now();
        if (ec) return fail("read", ec);
        const std::uint64_t sent_bytes =
            sent_.load(std::memory_order_acquire) * setup().message_bytes;
        const bool over =
            sending_over_.load(std::memory_order_acquire) && received_bytes_ == sent_bytes;
        if (size == 0 && over) return;
        if (!accept(std::span(buffer).first(size), sent_bytes)) return;
        record_answers(now);
    }
}

void open_loop::record_answers(clock::time_point now) {
    const std::uint64_t past = received_bytes_ / setup().message_bytes;
    for (std::uint64_t number = std::max(answered_, first_measured_); number < past; ++number) {
        counters().latencies.record(now - plan_.due(number));
    }
    if (now < setup().measured.end) {
        counters().responses.fetch_add(count_measured(answered_, past), std::memory_order_relaxed);
    }
    answered_ = past;
}

std::uint64_t open_loop::count_measured(std::uint64_t first, std::uint64_t past) const noexcept {
    const std::uint64_t from = std::max(first, first_measured_);
    return past > from ? past - from : 0;
}

std::uint64_t open_loop::settle(clock::time_point now) {
    // After Ctrl-C less was due than was planned.
    const std::uint64_t past = std::min(past_measured_, plan_.count_due_before(now));
    if (!failed()) {
        for (std::uint64_t number = std::max(answered_, first_measured_); number < past; ++number) {
            counters().latencies.record(now - plan_.due(number));
        }
    }
    return count_measured(answered_, past);
}

}  // namespace mioco::load
