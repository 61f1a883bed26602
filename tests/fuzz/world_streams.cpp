// SPDX-License-Identifier: MPL-2.0
#include "fuzz/world.hpp"

// The descriptors of a program: made at its start, and closed at its end.

namespace mioco_fuzz {

namespace {

void connect_tcp(stream_object& made, const program& all, unsigned port) {
    const auto& hosts = all.settings.hosts;
    mioco::event is_bound;
    auto server = mioco::sim::spawn_on(hosts[made.ends[1].host], [&] {
        auto listener = mioco::net::tcp_listener::bind("0.0.0.0:" + std::to_string(port));
        is_bound.notify();
        made.ends[1].io = listener.accept();
    });
    auto client = mioco::sim::spawn_on(hosts[made.ends[0].host], [&] {
        is_bound.wait();
        made.ends[0].io = mioco::net::tcp_stream::connect(
            mioco::sim::address_of(hosts[made.ends[1].host]) + ":" + std::to_string(port));
    });
    client.join();
    server.join();
}

void open(stream_object& made, const stream_plan& plan, const program& all, unsigned port) {
    for (unsigned i = 0; i < 2; ++i) {
        made.ends[i].host = plan.hosts[i];
        made.ends[i].out = &made.ways[i];
        made.ends[i].in = &made.ways[1 - i];
    }
    if (plan.is == stream_kind::tcp) {
        connect_tcp(made, all, port);
    } else if (plan.is == stream_kind::unix_pair) {
        auto pair = mioco::net::unix_stream::pair();
        made.ends[0].io = std::move(pair.first);
        made.ends[1].io = std::move(pair.second);
    } else {
        auto [reader, writer] = mioco::pipe();
        made.ends[0].io = std::move(writer);
        made.ends[0].in = nullptr;
        made.ends[1].io = std::move(reader);
        made.ends[1].out = nullptr;
    }
}

}  // namespace

void world::open_streams() {
    const auto& hosts = plan.settings.hosts;
    for (unsigned i = 0; i < streams.size(); ++i)
        open(*streams[i], plan.streams[i], plan, 1000 + i);
    for (unsigned i = 0; i < datagrams.size(); ++i) {
        datagram_object& made = *datagrams[i];
        made.host = plan.datagrams[i];
        const std::string where =
            mioco::sim::address_of(hosts[made.host]) + ":" + std::to_string(2000 + i);
        mioco::sim::spawn_on(hosts[made.host], [&] {
            made.real = mioco::net::udp_socket::bind(where);
        }).join();
        made.where = mioco::net::endpoint::parse(where);
    }
}

void world::release_streams() {
    for (auto& each : streams) {
        for (auto& way : each->ways) way.break_off();
        for (stream_end& end : each->ends) {
            std::visit(
                [](auto& io) {
                    if constexpr (requires { io.close(); }) io.close();
                },
                end.io);
        }
    }
    for (auto& each : datagrams) {
        each->is_closed = true;
        each->real.close();
    }
}

}  // namespace mioco_fuzz
