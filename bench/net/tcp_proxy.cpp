// SPDX-License-Identifier: MPL-2.0
// A TCP proxy: `tcp_proxy TARGET ADDRESS`, as examples/proxy.cpp, with a fiber a direction and small messages at once.

#include <cstdio>
#include <system_error>
#include <utility>

#include <mioco/mioco.hpp>

#include "serving.hpp"

namespace {

namespace net = mioco::net;

void forward(net::read_half from, net::write_half to) {
    std::error_code ignored;  // either side may go
    mioco::copy(from, to, ignored);
}

void serve(net::tcp_stream client, net::endpoint target) {
    std::error_code failed;
    auto server = net::tcp_stream::connect(target, failed);
    if (failed) {
        std::fprintf(stderr, "tcp_proxy: %s: %s\n", target.to_string().c_str(),
                     failed.message().c_str());
        return;
    }
    server.nodelay(true);
    auto [from_client, to_client] = std::move(client).split();
    auto [from_server, to_server] = std::move(server).split();
    mioco::spawn(forward, std::move(from_client), std::move(to_server));
    forward(std::move(from_server), std::move(to_client));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s TARGET ADDRESS\n", argv[0]);
        return 2;
    }
    mioco::run([&] {
        const auto target = net::endpoint::parse(argv[1]);
        serve_all(argv[2], [target](net::tcp_stream client) { serve(std::move(client), target); });
    });
}
