// SPDX-License-Identifier: MPL-2.0
//
// many_clients ADDRESS COUNT
//
// Holds so many connections to an echo server at once and uses each of them several times, with plain system calls. In a
// process of its own, as both ends of all would not fit into one process's limit of descriptors.

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include <mioco/net/endpoint.hpp>

#include "support/sockets.hpp"

namespace {

using mioco_test::raw_client;

std::string message(std::size_t client, int round) {
    return "client " + std::to_string(client) + " round " + std::to_string(round);
}

int run(const mioco::net::endpoint& server, std::size_t count) {
    std::vector<raw_client> clients;
    clients.reserve(count);
    for (std::size_t i = 0; i < count; ++i) clients.emplace_back(server);
    for (int round = 0; round < 3; ++round) {
        for (std::size_t i = 0; i < count; ++i) clients[i].send(message(i, round));
        for (std::size_t i = 0; i < count; ++i) {
            const std::string expected = message(i, round);
            const std::string received = clients[i].receive(expected.size());
            if (received == expected) continue;
            std::fprintf(stderr, "sent \"%s\", received \"%s\"\n", expected.c_str(),
                         received.c_str());
            return 1;
        }
    }
    // A reset leaves no connection lingering in the kernel.
    for (auto& client : clients) client.reset();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    try {
        return run(mioco::net::endpoint::parse(argv[1]), std::stoul(argv[2]));
    } catch (const std::exception& e) {
        std::fprintf(stderr, "many_clients: %s\n", e.what());
        return 1;
    }
}
