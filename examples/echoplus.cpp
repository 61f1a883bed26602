// SPDX-License-Identifier: MPL-2.0
//
// echoplus [address [seconds]]
//
// The echo server with a time-out: who has sent nothing for 5 seconds, or as many as given, is disconnected.

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <system_error>
#include <utility>

#include <mioco/mioco.hpp>

namespace {

using seconds = std::chrono::duration<double>;

void serve(mioco::net::tcp_stream connection, seconds limit) {
    std::error_code ec;  // a client that resets is no reason for a message
    mioco::timer idle;
    for (;;) {
        idle.set(limit);
        const auto event = mioco::select(connection.readable(), idle.expiring());
        if (event.index() == 1) return;  // and that closes the connection
        const auto data = connection.read_lease(ec);
        if (ec || data.empty()) return;
        connection.write_all(data, ec);
        if (ec) return;
    }
}

void accept_all(const char* address, seconds limit) {
    mioco::stop_on_signal(SIGINT);
    auto listener = mioco::net::tcp_listener::bind(address);
    std::printf("Starting tcp echo server on %s; time-out after %g s\n",
                listener.local().to_string().c_str(), limit.count());
    std::fflush(stdout);
    for (;;) mioco::spawn(serve, listener.accept(), limit);
}

}  // namespace

int main(int argc, char** argv) {
    const seconds limit(argc > 2 ? std::atof(argv[2]) : 5.0);
    if (!(limit > seconds(0))) {
        std::fprintf(stderr, "echoplus: \"%s\" is no number of seconds above 0\n", argv[2]);
        return 2;
    }
    try {
        mioco::run([&] { accept_all(argc > 1 ? argv[1] : "127.0.0.1:5555", limit); });
    } catch (const std::system_error& e) {
        if (e.code() == std::errc::operation_canceled) return 0;  // Ctrl-C
        std::fprintf(stderr, "echoplus: %s\n", e.what());
        return 1;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "echoplus: %s\n", e.what());
        return 1;
    }
    return 0;
}
