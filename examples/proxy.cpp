// SPDX-License-Identifier: MPL-2.0
//
// proxy [target [address]]
//
// Forwards each connection to `address` (127.0.0.1:5556 unless given) to the server at `target` (127.0.0.1:5555 unless given, where the
// example echo listens), with one fiber a direction.

#include <csignal>
#include <cstdio>
#include <exception>
#include <system_error>
#include <utility>

#include <mioco/mioco.hpp>

namespace {

namespace net = mioco::net;

// Until the sender has closed; the writing half's end passes that on.
void forward(net::read_half from, net::write_half to) {
    std::error_code ignored;  // either side may go
    mioco::copy(from, to, ignored);
}

void serve(net::tcp_stream client, net::endpoint target) {
    std::error_code ec;
    auto server = net::tcp_stream::connect(target, ec);
    if (ec) {
        std::fprintf(stderr, "proxy: %s: %s\n", target.to_string().c_str(), ec.message().c_str());
        return;
    }
    auto [from_client, to_client] = std::move(client).split();
    auto [from_server, to_server] = std::move(server).split();
    mioco::spawn(forward, std::move(from_client), std::move(to_server));
    forward(std::move(from_server), std::move(to_client));
}

void accept_all(net::endpoint target, const char* address) {
    mioco::stop_on_signal(SIGINT);
    auto listener = net::tcp_listener::bind(address);
    std::printf("Forwarding %s to %s\n", listener.local().to_string().c_str(),
                target.to_string().c_str());
    std::fflush(stdout);
    for (;;) mioco::spawn(serve, listener.accept(), target);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        mioco::run([&] {
            accept_all(net::endpoint::parse(argc > 1 ? argv[1] : "127.0.0.1:5555"),
                       argc > 2 ? argv[2] : "127.0.0.1:5556");
        });
    } catch (const std::system_error& e) {
        if (e.code() == std::errc::operation_canceled) return 0;  // Ctrl-C
        std::fprintf(stderr, "proxy: %s\n", e.what());
        return 1;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "proxy: %s\n", e.what());
        return 1;
    }
    return 0;
}
