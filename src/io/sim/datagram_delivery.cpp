// SPDX-License-Identifier: MPL-2.0
#include "io/sim/datagram_delivery.hpp"

#include <algorithm>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>

#include "io/sim/world.hpp"

namespace mioco::detail::sim {

namespace {

/// To the sender of what has come to nobody.
class refusal final : public deliverable {
public:
    refusal(world& in, host_id from, std::weak_ptr<udp_socket> to, const socket_address& by)
        : in_(in), from_(from), to_(std::move(to)), by_(by) {}

    void arrive(std::uint64_t) override {
        const auto to = to_.lock();
        if (!to || !in_.net().is_open(from_, to->host())) return;
        in_.note(to->host(), act::unreachable, to->id(), by_.port);
        to->refuse(by_);
    }

private:
    world& in_;
    const host_id from_;
    const std::weak_ptr<udp_socket> to_;
    const socket_address by_;
};

udp_socket* best_of(const std::vector<udp_socket*>& all, const socket_address& sender) {
    if (all.empty()) return nullptr;
    // Of those that share a port on purpose one is chosen by the sender; else the latest has it.
    if (!all.back()->reuses_port()) return all.back();
    std::uint64_t mixed =
        (sender.port ^ std::uint64_t{sender.ip.bytes[15]} << 16) * 0x9E3779B97F4A7C15;
    mixed ^= mixed >> 29;
    return all[mixed % all.size()];
}

}  // namespace

void datagram_delivery::arrive(std::uint64_t) {
    if (!in_.net().is_open(way_.from, way_.to)) {
        in_.note(way_.to, act::lost_datagram, way_.target.port,
                 static_cast<std::int64_t>(what_.bytes.size()));
        return;
    }
    in_.note(way_.to, act::arrived_datagram, way_.target.port,
             static_cast<std::int64_t>(what_.bytes.size()));
    if (way_.target.ip.is_multicast() || way_.target.ip.is_broadcast()) {
        arrive_at_all();
    } else {
        arrive_at_one();
    }
}

void datagram_delivery::arrive_at_one() {
    std::vector<udp_socket*> best;
    int best_score = 0;
    in_.net().at(way_.to).udp.for_each_at(way_.target.port, [&](inet_socket& each) {
        auto& socket = static_cast<udp_socket&>(each);
        int score = socket.score_for(way_.target);
        if (score == 0 || !socket.takes_from(what_.from)) return;
        if (socket.peer().port != 0) score += 4;
        if (score > best_score) best.clear();
        if (score >= best_score) best.push_back(&socket);
        best_score = std::max(best_score, score);
    });
    udp_socket* const target = best_of(best, what_.from);
    if (target == nullptr) return come_to_nobody();
    target->take(what_);
}

// Of a group those on whose host somebody has joined it, as of the kernel.
void datagram_delivery::arrive_at_all() {
    const bool to_group = way_.target.ip.is_multicast();
    std::vector<udp_socket*> all;
    bool joined = !to_group;
    in_.net().at(way_.to).udp.for_each_at(way_.target.port, [&](inet_socket& each) {
        auto& socket = static_cast<udp_socket&>(each);
        if (socket.score_for(way_.target) == 0 || !socket.takes_from(what_.from)) return;
        joined = joined || socket.has_joined(way_.target.ip);
        all.push_back(&socket);
    });
    if (!joined) return;
    for (udp_socket* const each : all) each->take(what_);
}

void datagram_delivery::come_to_nobody() {
    in_.post(in_.net().arrival(way_.to, way_.from, 0),
             std::make_shared<refusal>(in_, way_.to, sender_, way_.target));
}

}  // namespace mioco::detail::sim
