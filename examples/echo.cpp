// SPDX-License-Identifier: MPL-2.0
//
// echo [address]
//
// A TCP echo server: sends back whatever a client sends. The address is 127.0.0.1:5555 unless one is given; port 0 takes a
// free port. Ctrl-C ends it.

#include <csignal>
#include <cstdio>
#include <exception>
#include <system_error>

#include <mioco/mioco.hpp>

namespace {

// One fiber a connection, written as blocking code.
void serve(mioco::net::tcp_stream connection) {
    std::error_code ec;  // a client that resets is no reason for a message
    for (;;) {
        const auto data = connection.read_lease(ec);
        if (data.empty()) return;
        connection.write_all(data, ec);
        if (ec) return;
    }
}

void accept_all(const char* address) {
    mioco::stop_on_signal(SIGINT);
    auto listener = mioco::net::tcp_listener::bind(address);
    // Linux hands it on to each connection that is accepted there, which saves a system call for each.
    listener.set_option(mioco::net::option::no_delay{1});
    const auto local = listener.local();
    std::printf("Starting tcp echo server on %s\n", local.to_string().c_str());
    std::printf("Try in another terminal: nc %s %u\n", local.address_string().c_str(),
                unsigned{local.port()});
    std::fflush(stdout);
    for (;;) mioco::spawn(serve, listener.accept());
}

}  // namespace

int main(int argc, char** argv) {
    try {
        mioco::run([&] { accept_all(argc > 1 ? argv[1] : "127.0.0.1:5555"); });
    } catch (const std::system_error& e) {
        if (e.code() == std::errc::operation_canceled) return 0;  // Ctrl-C
        std::fprintf(stderr, "echo: %s\n", e.what());
        return 1;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "echo: %s\n", e.what());
        return 1;
    }
    return 0;
}
