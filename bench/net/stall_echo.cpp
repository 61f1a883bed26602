// SPDX-License-Identifier: MPL-2.0
// An echo server that computes for some milliseconds before it answers a message that begins with "C".
//
//     stall_echo 127.0.0.1:PORT
//     stall_echo --time             prints how many microseconds one computing takes

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <utility>

#include <mioco/mioco.hpp>

#include "computing.h"
#include "serving.hpp"

namespace {

void serve(mioco::net::tcp_stream connection) {
    echo(std::move(connection), [](std::string_view message) { compute_if_asked(message.data()); });
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
    if (argc == 2 && argv[1] == std::string_view("--time")) {
        std::printf("{\"computing_us\": %.1f}\n", least_us());
        return 0;
    }
    return serve_at_only_argument(argc, argv, serve);
}
