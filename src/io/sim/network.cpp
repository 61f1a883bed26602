// SPDX-License-Identifier: MPL-2.0
#include "io/sim/network.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "io/sim/connection.hpp"
#include "io/sim/inet_socket.hpp"
#include "io/sim/world.hpp"

namespace mioco::detail::sim {

namespace {

// More than any link of today, so that what is sent at once is never of the same time and yet far apart.
nanoseconds_t time_to_send(std::size_t bytes, double bytes_per_second) noexcept {
    if (bytes_per_second <= 0) return 0;
    return static_cast<nanoseconds_t>(static_cast<double>(bytes) * 1e9 / bytes_per_second);
}

}  // namespace

host_id network::add(std::string_view name) {
    if (const auto found = find(name)) return *found;
    const auto id = static_cast<host_id>(hosts_.size());
    auto made = std::make_unique<host>(in_, id);
    made->name = name;
    const host_id number = id + 1;
    made->v4 =
        ip_address::v4(10, static_cast<std::uint8_t>(number >> 16),
                       static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number));
    made->v6.bytes = {0xFD};
    std::copy_n(made->v4.bytes.begin() + 12, 4, made->v6.bytes.begin() + 12);
    hosts_.push_back(std::move(made));
    return id;
}

std::optional<host_id> network::find(std::string_view name) const {
    for (host_id id = 0; id < hosts_.size(); ++id) {
        if (hosts_[id]->name == name) return id;
    }
    return std::nullopt;
}

host_id network::known(std::string_view name) const {
    if (const auto found = find(name)) return *found;
    throw std::invalid_argument("mioco: simulation: there is no host \"" + std::string(name) +
                                "\"");
}

std::optional<host_id> network::owner_of(host_id from, const ip_address& ip) const {
    if (ip.is_any() || ip.is_loopback()) return from;
    for (host_id id = 0; id < hosts_.size(); ++id) {
        if (hosts_[id]->v4 == ip || hosts_[id]->v6 == ip) return id;
    }
    return std::nullopt;
}

ip_address network::source_for(host_id from, const ip_address& to) const {
    if (to.is_any() || to.is_loopback() || to == ip_address::v4(127, 255, 255, 255))
        return ip_address::loopback(to.is_v4());
    return to.is_v4() ? hosts_[from]->v4 : hosts_[from]->v6;
}

bool network::is_local(host_id from, const ip_address& ip) const {
    return ip.is_any() || ip.is_loopback() || ip.is_multicast() || hosts_[from]->v4 == ip ||
           hosts_[from]->v6 == ip;
}

bool network::is_open(host_id from, host_id to) const {
    if (!hosts_[to]->is_up) return false;
    if (blocked_ == 0) return true;
    const auto found = links_.find({from, to});
    return found == links_.end() || !found->second.blocked;
}

void network::set_blocked(host_id from, host_id to, bool blocked) {
    link& between = links_[{from, to}];
    if (between.blocked == blocked) return;
    between.blocked = blocked;
    blocked_ = blocked ? blocked_ + 1 : blocked_ - 1;
}

void network::unblock_all() {
    for (auto& [ends, between] : links_) between.blocked = false;
    blocked_ = 0;
}

nanoseconds_t network::arrival(host_id from, host_id to, std::size_t bytes) {
    const settings& wanted = in_.wanted();
    const latency_range& range = from == to ? wanted.local_latency : wanted.latency;
    nanoseconds_t sent = in_.now();
    if (from != to && wanted.bytes_per_second > 0) {
        link& between = links_[{from, to}];
        between.free_at =
            std::max(between.free_at, sent) + time_to_send(bytes, wanted.bytes_per_second);
        sent = between.free_at;
    }
    return sent + draw_from(range);
}

nanoseconds_t network::draw_from(const latency_range& range) {
    const auto spread = static_cast<std::uint64_t>((range.most - range.least).count()) + 1;
    return range.least.count() + static_cast<nanoseconds_t>(in_.below(spread));
}

void network::hold(std::shared_ptr<connection> which, unsigned lane) {
    held_.emplace_back(std::move(which), lane);
}

void network::release_held() {
    const auto all = std::exchange(held_, {});
    for (const auto& [each, lane] : all) {
        if (each->is_open(lane)) {
            each->release(lane);
        } else if (each->is_held(lane)) {
            held_.emplace_back(each, lane);
        }
    }
}

void network::clear() {
    held_.clear();
    for (const auto& each : hosts_) each->forget_sockets();
}

}  // namespace mioco::detail::sim
