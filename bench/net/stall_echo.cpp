// SPDX-License-Identifier: MPL-2.0
// An echo server that computes for some milliseconds before it answers a message that begins with "C".
//
//     stall_echo 127.0.0.1:PORT
//     stall_echo --time             prints how many microseconds one computing takes

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <system_error>
#include <utility>

#include <mioco/mioco.hpp>

#include "computing.h"

namespace {

void serve(mioco::net::tcp_stream connection) {
    std::error_code failed;
    for (;;) {
        const auto message = connection.read_lease(failed);
        if (failed || message.empty()) return;
        compute_if_asked(message.text().data());
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

// The least of some: whatever else the machine does only adds to it.
double least_us() {
    using clock = std::chrono::steady_clock;
    clock::duration least = clock::duration::max();
    for (int i = 0; i < 50; ++i) {
        const auto start = clock::now();
        compute_if_asked("C");
        least = std::min(least, clock::now() - start);
    }
    return std::chrono::duration<double, std::micro>(least).count();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: %s 127.0.0.1:PORT\n", argv[0]);
        return 2;
    }
    const std::string_view address = argv[1];
    if (address == "--time") {
        std::printf("{\"computing_us\": %.1f}\n", least_us());
        return 0;
    }
    mioco::run([address] { serve_all(address); });
}
