// SPDX-License-Identifier: MPL-2.0
// What docs/guide/io.md shows.
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <mioco/async_fd.hpp>
#include <mioco/copy.hpp>
#include <mioco/fs/file.hpp>
#include <mioco/net/resolve.hpp>
#include <mioco/net/tcp_listener.hpp>
#include <mioco/net/tcp_stream.hpp>
#include <mioco/net/udp_socket.hpp>
#include <mioco/net/unix_datagram.hpp>
#include <mioco/net/unix_listener.hpp>
#include <mioco/net/unix_seqpacket.hpp>
#include <mioco/net/unix_stream.hpp>
#include <mioco/pipe.hpp>
#include <mioco/select.hpp>
#include <mioco/spawn.hpp>
#include <mioco/timer.hpp>

using namespace std::chrono_literals;
using namespace std::string_view_literals;

// snippet: server
void serve(mioco::net::tcp_stream connection) {
    for (;;) {
        const auto data = connection.read_lease();  // an idle connection holds no buffer
        if (data.empty()) return;                   // closed by the peer
        connection.write_all(data);
    }
}

void serve_all() {
    auto listener = mioco::net::tcp_listener::bind("127.0.0.1:0");
    std::printf("listening on %s\n", listener.local().to_string().c_str());
    for (;;) mioco::spawn(serve, listener.accept());
}
// end

// snippet: client
std::string first_line(const mioco::net::endpoint& server) {
    auto connection = mioco::net::tcp_stream::connect(server);
    connection.write_all("GET / HTTP/1.0\r\n\r\n"sv);
    connection.shutdown(mioco::net::direction::write);
    std::string text;
    char buffer[1024];
    while (const std::size_t count = connection.read(buffer)) text.append(buffer, count);
    return text.substr(0, text.find('\r'));
}
// end

std::string next_message();

// snippet: split
void chat(mioco::net::tcp_stream connection) {
    auto [from, to] = std::move(connection).split();
    mioco::spawn([to = std::move(to)]() mutable {
        for (;;) to.write_all(next_message());
    });
    for (;;) {
        const auto data = from.read_lease();
        if (data.empty()) return;
        std::fwrite(data.data(), 1, data.size(), stdout);
    }
}
// end

// snippet: ready
void exchange(mioco::net::tcp_stream& peer, std::string_view out) {
    while (!out.empty()) {
        auto event = mioco::select(peer.ready(), mioco::after(10s));
        if (event.index() == 1) return;  // neither way for ten seconds
        const auto ways = std::get<0>(event);
        char in[1024];
        if (ways.readable && peer.try_read(in) == 0) return;  // the end
        if (ways.writable) out.remove_prefix(peer.try_write(out).value_or(0));
    }
}
// end

void library_use(int socket);

// snippet: release
void lend(mioco::net::tcp_stream connection) {
    const int fd = connection.release();  // blocking again, and nobody else's
    library_use(fd);
    serve(mioco::net::tcp_stream::adopt(fd));
}
// end

void options(mioco::net::tcp_stream& connection) {
    // snippet: options
    connection.nodelay(true);
    connection.keepalive({.idle = 60s, .interval = 10s, .count = 3});
    connection.set_option(mioco::net::option::send_buffer{256 * 1024});
    using busy_poll = mioco::net::socket_option<SOL_SOCKET, SO_BUSY_POLL>;  // one that is missing
    std::printf("%d\n", connection.get_option<busy_poll>().value);
    // end
}

void names() {
    // snippet: names
    auto connection = mioco::net::tcp_stream::connect_for("example.org:https", 10s);

    for (const auto& each : mioco::net::resolve("example.org:80"))
        std::printf("%s\n", each.to_string().c_str());

    std::error_code ec;
    mioco::net::resolve_for("no.such.host", 5s, ec);
    if (ec == mioco::net::resolve_errc::not_found) std::puts(ec.message().c_str());
    // end
    serve(std::move(connection));
}

void datagrams() {
    // snippet: udp
    auto server = mioco::net::udp_socket::bind("127.0.0.1:0");
    auto client = mioco::net::udp_socket::v4();
    client.send_to("ping"sv, server.local());

    char buffer[1500];
    const auto got = server.recv_from(buffer);
    server.send_to(std::string_view(buffer, got.size), got.sender);
    // end
}

// snippet: batch
void echo_in_batches(mioco::net::udp_socket& socket) {
    std::array<std::array<std::byte, 1500>, 32> buffers;
    std::array<mioco::net::incoming_datagram, 32> in;
    std::array<mioco::net::outgoing_datagram, 32> out;
    for (std::size_t i = 0; i < in.size(); ++i) in[i].buffer = buffers[i];
    for (;;) {
        const std::size_t count = socket.recv_batch(in);  // one system call
        for (std::size_t i = 0; i < count; ++i) out[i] = {in[i].data(), in[i].sender};
        for (auto left = std::span(out).first(count); !left.empty();) {
            std::error_code ec;  // one client's trouble is not that of the next
            const std::size_t sent = socket.send_batch(left, ec);
            left = left.subspan(ec ? 1 : sent);
        }
    }
}
// end

void groups() {
    // snippet: groups
    const auto group = mioco::net::endpoint::parse("239.1.2.3:5000");
    auto member = mioco::net::udp_socket::bind("0.0.0.0:5000", {.reuse_address = true});
    member.join_multicast(group);

    auto sender = mioco::net::udp_socket::v4();
    sender.multicast_ttl(1);  // no router passes it on
    sender.send_to("to all members"sv, group);
    sender.broadcast(true);
    sender.send_to("to all of this network"sv, mioco::net::endpoint::parse("255.255.255.255:5000"));
    // end
}

void unix_sockets() {
    // snippet: unix
    auto listener = mioco::net::unix_listener::bind(
        "/run/app.socket", {.remove_stale = true, .remove_on_close = true});
    auto client = mioco::net::unix_stream::connect("/run/app.socket");
    auto server = listener.accept();
    std::printf("process %d calls\n", static_cast<int>(server.credentials().pid));

    const auto name = mioco::net::unix_endpoint::abstract("app");  // no file
    auto mailbox = mioco::net::unix_datagram::bind(name);
    auto [left, right] = mioco::net::unix_seqpacket::pair();
    left.send("one"sv);
    left.send("two"sv);
    char record[16];
    const std::size_t size = right.recv(record);  // 3: "one" alone
    // end
    std::printf("%zu\n", size);
}

// snippet: passing
void pass(mioco::net::unix_stream& to, int fd) { to.send_fds("fd"sv, std::array{fd}); }

mioco::pipe_reader take(mioco::net::unix_stream& from) {
    std::array<mioco::owned_fd, 1> fds;
    char text[2];
    from.recv_fds(text, fds);
    return mioco::pipe_reader::adopt(fds[0].release());
}
// end

void pipes() {
    // snippet: pipe
    auto [from, to] = mioco::pipe();
    mioco::spawn([to = std::move(to)]() mutable { to.write_all("through the pipe"sv); });
    const auto text = from.read_lease();
    // end
}

// snippet: copy
void relay(mioco::net::tcp_stream client, mioco::net::tcp_stream server) {
    auto [from_client, to_client] = std::move(client).split();
    auto [from_server, to_server] = std::move(server).split();
    auto upward = mioco::spawn([from = std::move(from_client),
                                to = std::move(to_server)]() mutable { mioco::copy(from, to); });
    {
        auto to = std::move(to_client);
        mioco::copy(from_server, to);
    }  // here the client is told the end
    upward.join();
}
// end

void sending(mioco::net::tcp_stream& connection) {
    // snippet: send-file
    mioco::copy(mioco::fs::file::open("index.html"), connection);  // sendfile(2)
    // end
}

void any_descriptor() {
    // snippet: async-fd
    auto counter = mioco::async_fd::adopt(::eventfd(0, EFD_CLOEXEC));
    const std::uint64_t one = 1;
    counter.write(std::as_bytes(std::span(&one, 1)));
    counter.wait_readable();
    // end
}

struct library;
int library_socket(library* of);
void library_read(library* from);

// snippet: borrow
void drive(library* client) {
    auto socket = mioco::async_fd::borrow(library_socket(client));  // stays the library's
    for (;;) {
        auto event = mioco::select(socket.readable(), mioco::after(1min));
        if (event.index() == 1) return;
        library_read(client);
    }
}
// end

// snippet: signals-and-folders
void watch(const char* folder, const sigset_t& interrupts) {  // which every thread has blocked
    auto signals = mioco::async_fd::adopt(::signalfd(-1, &interrupts, SFD_CLOEXEC));
    auto changes = mioco::async_fd::adopt(::inotify_init1(IN_CLOEXEC));
    ::inotify_add_watch(changes.native_handle(), folder, IN_CREATE | IN_DELETE);
    for (;;) {
        auto event = mioco::select(changes.readable(), signals.readable());
        if (event.index() == 1) return;
        alignas(inotify_event) char told[4096];
        if (changes.read(told) > 0) std::puts("something came or went");
    }
}
// end

// snippet: standard
void prompt() {
    auto input = mioco::standard_input();
    auto output = mioco::standard_output();
    output.write_all("your name? "sv);
    auto event = mioco::select(input.readable(), mioco::after(10s));
    if (event.index() == 0) output.write_all(input.read_lease());
}
// end
