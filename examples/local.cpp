// SPDX-License-Identifier: MPL-2.0
//
// local
//
// A Unix socket at which a client gets the writing end of a pipe, and what it then writes there; beside it, a question and its answer as
// datagrams.

#include <array>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

#include <mioco/mioco.hpp>

namespace {

namespace net = mioco::net;
using namespace std::string_view_literals;

// Hands out the writing end with a byte, as descriptors need one.
void hand_out(net::unix_listener& listener, mioco::pipe_writer writer) {
    auto client = listener.accept();
    const mioco::owned_fd passed(writer.release());
    client.send_fds("!"sv, std::array{passed.get()});
}

void write_there(const net::unix_endpoint& server) {
    auto stream = net::unix_stream::connect(server);
    char byte[1];
    mioco::owned_fd passed[1];
    if (stream.recv_fds(byte, passed).count != 1) return;
    auto writer = mioco::pipe_writer::adopt(passed[0].release());
    writer.write_all("through a pipe that came through a socket"sv);
}

void pass_a_pipe() {
    auto listener = net::unix_listener::bind(
        net::unix_endpoint::abstract("mioco-local-" + std::to_string(getpid())));
    auto [reader, writer] = mioco::pipe();
    mioco::spawn(hand_out, std::ref(listener), std::move(writer));
    mioco::spawn(write_there, listener.local());
    std::string all;
    for (;;) {
        const auto part = reader.read_lease();
        if (part.empty()) break;  // every writer has closed
        all += part.text();
    }
    std::puts(all.c_str());
}

void answer(net::udp_socket& socket) {
    char question[64];
    const auto got = socket.recv_from(question);
    socket.send_to("got " + std::string(question, got.size), got.sender);
}

void ask() {
    auto server = net::udp_socket::bind("127.0.0.1:0");
    mioco::spawn(answer, std::ref(server));
    auto client = net::udp_socket::v4();
    client.connect(server.local());
    client.send("a datagram"sv);
    char reply[64];
    const std::size_t size = client.recv(reply);
    std::printf("%.*s\n", static_cast<int>(size), reply);
}

}  // namespace

int main() {
    try {
        mioco::run([] {
            pass_a_pipe();
            ask();
        });
    } catch (const std::exception& e) {
        std::fprintf(stderr, "local: %s\n", e.what());
        return 1;
    }
    return 0;
}
