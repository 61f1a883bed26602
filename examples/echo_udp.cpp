// SPDX-License-Identifier: MPL-2.0
//
// echo_udp [address [ports]]
//
// Sends each datagram back to whom it came from, at every port from 60000 to 65535 of all addresses, with a fiber for each. An address,
// such as 127.0.0.1:60000, sets where it begins, and a number how many ports it takes from there on. Ctrl-C ends it.

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <span>
#include <system_error>
#include <utility>

#include <sys/resource.h>

#include <mioco/mioco.hpp>

#include "number.hpp"

namespace {

namespace net = mioco::net;

void serve(net::udp_socket socket) {
    constexpr std::size_t longest = 65'507;
    for (;;) {
        socket.readable().wait();
        // Only now, so that a port where nothing happens holds no buffer.
        const auto buffer = std::make_unique_for_overwrite<char[]>(longest);
        std::error_code ec;  // one client's trouble is not that of the next
        const auto got = socket.recv_from(std::span(buffer.get(), longest), ec);
        if (!ec) socket.send_to(std::span(buffer.get(), got.size), got.sender, ec);
    }
}

// A port is a descriptor, and most shells allow a process fewer of them than it may have.
void allow_many_descriptors() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void serve_ports(const net::endpoint& first, unsigned ports) {
    mioco::stop_on_signal(SIGINT);
    const unsigned last = std::min(first.port() + ports - 1, 65'535U);
    for (unsigned port = first.port(); port <= last; ++port) {
        try {
            mioco::spawn(serve,
                         net::udp_socket::bind(first.with_port(static_cast<std::uint16_t>(port))));
        } catch (const std::system_error& e) {
            if (e.code() != std::errc::address_in_use) throw;
            std::fprintf(stderr, "echo_udp: port %u is in use, and left out\n", port);
        }
    }
    std::printf("Starting udp echo server on %s to %u\n", first.to_string().c_str(), last);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    allow_many_descriptors();
    try {
        const unsigned ports = argc > 2 ? number_of(argv[2], "ports", 1U, 65'535U) : 5'536;
        const auto first = net::endpoint::parse(argc > 1 ? argv[1] : "0.0.0.0:60000");
        mioco::run([&] { serve_ports(first, ports); });
    } catch (const std::system_error& e) {
        if (e.code() == std::errc::operation_canceled) return 0;  // Ctrl-C
        std::fprintf(stderr, "echo_udp: %s\n", e.what());
        return 1;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "echo_udp: %s\n", e.what());
        return 1;
    }
    return 0;
}
