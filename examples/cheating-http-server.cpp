// SPDX-License-Identifier: MPL-2.0
//
// cheating-http-server [address]
//
// Answers HTTP requests before they are asked: it never reads, and writes the same reply to each connection for as long as that is open.
// What a load generator makes of it is how fast bytes leave the library. http-server is the honest one.

#include <csignal>
#include <cstdio>
#include <exception>
#include <string_view>
#include <system_error>
#include <utility>

#include <mioco/mioco.hpp>

namespace {

using namespace std::string_view_literals;

// A write succeeds at once as a rule, yet nobody starves: the library has a fiber let others go first now and then.
void serve(mioco::net::tcp_stream connection) {
    std::error_code ec;
    while (!ec) {
        connection.write_all(
            "HTTP/1.1 200 OK\r\n"
            "Content-Length: 11\r\n"
            "\r\n"
            "Hello World"sv,
            ec);
    }
}

void accept_all(const char* address) {
    mioco::stop_on_signal(SIGINT);
    auto listener = mioco::net::tcp_listener::bind(address);
    std::printf("Starting cheating http server on %s\n", listener.local().to_string().c_str());
    std::fflush(stdout);
    for (;;) mioco::spawn(serve, listener.accept());
}

}  // namespace

int main(int argc, char** argv) {
    try {
        mioco::run([&] { accept_all(argc > 1 ? argv[1] : "127.0.0.1:5555"); });
    } catch (const std::system_error& e) {
        if (e.code() == std::errc::operation_canceled) return 0;  // Ctrl-C
        std::fprintf(stderr, "cheating-http-server: %s\n", e.what());
        return 1;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "cheating-http-server: %s\n", e.what());
        return 1;
    }
    return 0;
}
