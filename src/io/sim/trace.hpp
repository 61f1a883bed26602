// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string_view>

#include "io/sim/turns.hpp"

namespace mioco::detail::sim {

/// What a trace tells of. The names are in trace.cpp, in this order.
enum class act : std::uint8_t {
    open,
    close,
    bind,
    listen,
    accept,
    connect,
    shutdown,
    send,
    receive,
    write,
    read,
    splice,
    file,
    named,
    synced,
    torn,
    option,
    look_up,
    passed,
    failed,
    made_short,
    interrupted,
    made_to_wait,
    arrived_syn,
    arrived_syn_ack,
    arrived_opened,
    arrived_data,
    arrived_ack,
    arrived_fin,
    arrived_reset,
    dropped_syn,
    held_up,
    gave_up,
    broke,
    arrived_datagram,
    lost_datagram,
    unreachable,
    event,
    spurious_event,
    partitioned,
    healed,
    crashed,
    restarted,
};

/// Everything that happens, as a hash in which nothing depends on addresses or on the real time: two runs with the same one went
/// the same way. On demand each event is a line of text too.
class trace {
public:
    explicit trace(std::function<void(std::string_view)> on_line) : on_line_(std::move(on_line)) {}

    /// `object`: a descriptor's open file, or a connection, by its number.
    void note(nanoseconds_t when, host_id host, std::string_view host_name, act what,
              std::uint64_t object, std::int64_t count) {
        mix(static_cast<std::uint64_t>(when));
        mix(std::uint64_t{host} << 8 | static_cast<std::uint64_t>(what));
        mix(object);
        mix(static_cast<std::uint64_t>(count));
        ++events_;
        if (on_line_) [[unlikely]]
            write_line(when, host_name, what, object, count);
    }

    /// What was transferred: two runs that differ in that alone differ too.
    void content(std::span<const std::byte> bytes) noexcept {
        std::uint64_t word = bytes.size();
        while (bytes.size() >= sizeof word) {
            mix(word);
            std::memcpy(&word, bytes.data(), sizeof word);
            bytes = bytes.subspan(sizeof word);
        }
        mix(word);
        word = 0;
        if (!bytes.empty()) std::memcpy(&word, bytes.data(), bytes.size());
        mix(word);
    }

    [[nodiscard]] std::uint64_t hash() const noexcept { return hash_; }
    [[nodiscard]] std::uint64_t events() const noexcept { return events_; }

private:
    void mix(std::uint64_t word) noexcept {
        hash_ = (std::rotl(hash_, 29) ^ word) * 0x9E3779B97F4A7C15;
    }
    void write_line(nanoseconds_t when, std::string_view host, act what, std::uint64_t object,
                    std::int64_t count) const;

    std::function<void(std::string_view)> on_line_;
    std::uint64_t hash_ = 0x6D696F636F;
    std::uint64_t events_ = 0;
};

}  // namespace mioco::detail::sim
