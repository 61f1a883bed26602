// SPDX-License-Identifier: MPL-2.0
// An echo server that computes for 20 ms, without a call of the library, before it answers a message that begins with
// "C": does a fiber that keeps its worker to itself hold up the connections that live on the same worker?

#include <chrono>
#include <cstdio>
#include <string_view>
#include <system_error>
#include <utility>

#include <mioco/mioco.hpp>

namespace {

using namespace std::chrono_literals;

void compute() {
    const auto end = std::chrono::steady_clock::now() + 20ms;
    while (std::chrono::steady_clock::now() < end) {
    }
}

void serve(mioco::net::tcp_stream connection) {
    std::error_code failed;
    for (;;) {
        const auto message = connection.read_lease(failed);
        if (failed || message.empty()) return;
        if (message.text().starts_with('C')) compute();
        connection.write_all(message, failed);
        if (failed) return;
    }
}

void serve_all(std::string_view address) {
    auto listener = mioco::net::tcp_listener::bind(address);
    std::printf("listening on %s\n", listener.local().to_string().c_str());
    std::fflush(stdout);
    for (;;) {
        auto connection = listener.accept();
        connection.nodelay(true);
        mioco::spawn(serve, std::move(connection));
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: %s 127.0.0.1:PORT\n", argv[0]);
        return 2;
    }
    mioco::run([address = std::string_view(argv[1])] { serve_all(address); });
}
