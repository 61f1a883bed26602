// SPDX-License-Identifier: MPL-2.0
#include "io/sim/ports.hpp"

#include <algorithm>

#include <sys/socket.h>

#include "io/sim/inet_socket.hpp"
#include "io/sim/world.hpp"

namespace mioco::detail::sim {

namespace {

constexpr std::uint16_t first_ephemeral = 32'768;
constexpr std::uint16_t ephemeral_count = 28'232;

// Whether both would get what is sent to one of them.
bool addresses_overlap(const ip_address& one, bool one_is_v6_only, const ip_address& other,
                       bool other_is_v6_only) noexcept {
    const ip_address any_v6 = ip_address::any(AF_INET6);
    if (one == any_v6) return !one_is_v6_only || !other.is_v4();
    if (other == any_v6) return !other_is_v6_only || !one.is_v4();
    if (one.is_v4() != other.is_v4()) return false;
    return one == other || one.is_any() || other.is_any();
}

bool sockets_overlap(const inet_socket& one, const inet_socket& other) noexcept {
    return addresses_overlap(one.local().ip, one.is_v6_only(), other.local().ip,
                             other.is_v6_only());
}

}  // namespace

bool port_table::is_free_for(const inet_socket& who, nanoseconds_t now) {
    const std::uint16_t port = who.local().port;
    for (auto each = sockets_.lower_bound({port, 0});
         each != sockets_.end() && each->first.first == port; ++each) {
        const inet_socket& other = *each->second;
        if (&other == &who || !sockets_overlap(who, other)) continue;
        const bool both_reuse =
            who.reuses_address() && other.reuses_address() && !other.is_listening();
        if (!both_reuse && !(who.reuses_port() && other.reuses_port())) return false;
    }
    std::erase_if(held_, [now](const auto& each) { return each.second.until <= now; });
    for (const auto& [address, kept] : held_) {
        if (address.port == port && !(who.reuses_address() && kept.reusable) &&
            addresses_overlap(who.local().ip, who.is_v6_only(), address.ip, true))
            return false;
    }
    return true;
}

bool port_table::may_listen(const inet_socket& who) const {
    const std::uint16_t port = who.local().port;
    for (auto each = listening_.lower_bound({port, 0});
         each != listening_.end() && each->first.first == port; ++each) {
        const inet_socket& other = *each->second;
        if (&other != &who && sockets_overlap(who, other) &&
            !(who.reuses_port() && other.reuses_port()))
            return false;
    }
    return true;
}

bool port_table::is_used(std::uint16_t port) const noexcept {
    const auto first = sockets_.lower_bound({port, 0});
    return first != sockets_.end() && first->first.first == port;
}

bool port_table::may_connect_from(std::uint16_t port, const socket_address& peer) const {
    bool may = true;
    for_each_at(port, [&](inet_socket& other) {
        may = may && !other.chose_port() && other.peer().port != 0 && other.peer() != peer;
    });
    return may;
}

std::uint16_t port_table::choose(const socket_address* peer, world& in) const {
    // What is below 1024 is for those who ask for it by number.
    const auto start = static_cast<std::uint16_t>(in.below(ephemeral_count));
    const auto nth = [start](unsigned i) {
        return static_cast<std::uint16_t>(first_ephemeral + (start + i) % ephemeral_count);
    };
    for (unsigned i = 0; i < ephemeral_count; ++i) {
        if (!is_used(nth(i))) return nth(i);
    }
    for (unsigned i = 0; peer != nullptr && i < ephemeral_count; ++i) {
        if (may_connect_from(nth(i), *peer)) return nth(i);
    }
    return 0;
}

void port_table::add(std::shared_ptr<inet_socket> who) {
    const key at{who->local().port, who->id()};
    sockets_.emplace(at, std::move(who));
}

void port_table::remove(const inet_socket& who) noexcept {
    const key at{who.local().port, who.id()};
    listening_.erase(at);
    // It may be the last that keeps it.
    if (auto found = sockets_.extract(at)) found.mapped().reset();
}

void port_table::hold(const socket_address& local, bool reusable, nanoseconds_t until) {
    held_[local] = {until, reusable};
}

void port_table::for_each_at(std::uint16_t port,
                             const std::function<void(inet_socket&)>& each) const {
    for (auto at = sockets_.lower_bound({port, 0}); at != sockets_.end() && at->first.first == port;
         ++at)
        each(*at->second);
}

void port_table::set_listening(inet_socket& who, bool listens) {
    const key at{who.local().port, who.id()};
    if (listens) {
        listening_.emplace(at, &who);
    } else {
        listening_.erase(at);
    }
}

inet_socket* port_table::listener_at(const socket_address& local,
                                     const socket_address& client) const {
    std::vector<inet_socket*> best;
    int best_score = 0;
    for (auto each = listening_.lower_bound({local.port, 0});
         each != listening_.end() && each->first.first == local.port; ++each) {
        const int score = each->second->score_for(local);
        if (score > best_score) best.clear();
        if (score >= best_score && score > 0) best.push_back(each->second);
        best_score = std::max(best_score, score);
    }
    if (best.empty()) return nullptr;
    std::uint64_t mixed = client.port * 0x9E3779B97F4A7C15;
    mixed ^= mixed >> 29;
    return best[mixed % best.size()];
}

void port_table::clear() noexcept {
    listening_.clear();
    const auto gone = std::move(sockets_);
    sockets_.clear();
    held_.clear();
}

}  // namespace mioco::detail::sim
