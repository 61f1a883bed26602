// SPDX-License-Identifier: MPL-2.0
// An echo server that computes for 20 ms, without a call of the library, before it answers a message that begins with
// "C": does a fiber that keeps its worker to itself hold up the connections that live on the same worker?

#include <chrono>
#include <string_view>
#include <utility>

#include <mioco/mioco.hpp>

#include "serving.hpp"

namespace {

using namespace std::chrono_literals;

void compute() {
    const auto end = std::chrono::steady_clock::now() + 20ms;
    while (std::chrono::steady_clock::now() < end) {
    }
}

void serve(mioco::net::tcp_stream connection) {
    echo(std::move(connection), [](std::string_view message) {
        if (message.starts_with('C')) compute();
    });
}

}  // namespace

int main(int argc, char** argv) { return serve_at_only_argument(argc, argv, serve); }
