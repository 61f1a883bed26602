// SPDX-License-Identifier: MPL-2.0
//
// http-server [address]
//
// Says "Hello World" in HTTP/1.1 and 1.0, at /. It is there for load generators and browsers alike: pipelined requests, bodies, HEAD, and
// connections that stay open or do not. Ctrl-C ends it.

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <mioco/mioco.hpp>

#include "http/request_reader.hpp"

using namespace std::chrono_literals;

namespace {

using mioco::net::tcp_stream;

void append_reply(std::string& out, std::string_view status, std::string_view body,
                  const http::request& to) {
    out += "HTTP/1.1 ";
    out += status;
    out += "\r\nContent-Type: text/plain\r\nContent-Length: ";
    out += std::to_string(body.size());
    // What is not the rule of the request's version is said.
    if (!to.keep_alive) out += "\r\nConnection: close";
    if (to.keep_alive && to.http_1_0) out += "\r\nConnection: keep-alive";
    out += "\r\n\r\n";
    if (!to.head) out += body;
}

// Answers all requests that have come whole. False when the connection is to be closed.
bool answer(http::request_reader& requests, std::string& out) {
    using enum http::request_reader::result;
    for (;;) {
        switch (requests.next()) {
            case request: {
                const auto& current = requests.current();
                if (current.path == "/") {
                    append_reply(out, "200 OK", "Hello World", current);
                } else {
                    append_reply(out, "404 Not Found", "There is nothing but /\n", current);
                }
                if (!current.keep_alive) return false;
                break;
            }
            case incomplete:
                return true;
            case go_ahead:
                out += "HTTP/1.1 100 Continue\r\n\r\n";
                return true;
            case malformed:
                append_reply(out, "400 Bad Request", "This is no HTTP\n", {});
                return false;
            case too_large:
                append_reply(out, "431 Request Header Fields Too Large", "Too large a header\n",
                             {});
                return false;
        }
    }
}

// Reads on until the peer has closed, but not for long. To close with bytes unread would reset the connection, and the peer
// might lose the last reply.
void finish(tcp_stream& connection, std::error_code& ec) {
    connection.shutdown(mioco::net::direction::write, ec);
    const mioco::timer limit(2s);
    while (!ec && mioco::select(connection.readable(), limit.expiring()).index() == 0) {
        if (connection.read_lease(ec).empty()) return;
    }
}

void serve(tcp_stream connection) {
    std::error_code ec;  // a client that resets is no reason for a message
    http::request_reader requests;
    std::string replies;
    for (bool open = true; open;) {
        const auto data = connection.read_lease(ec);
        if (ec || data.empty()) return;
        requests.add(data.text());
        replies.clear();
        open = answer(requests, replies);
        connection.write_all(replies, ec);
        if (ec) return;
    }
    finish(connection, ec);
}

void accept_all(const char* address) {
    mioco::stop_on_signal(SIGINT);
    auto listener = mioco::net::tcp_listener::bind(address);
    const auto local = listener.local().to_string();
    std::printf("Starting http server on %s\nTry: curl http://%s/\n", local.c_str(), local.c_str());
    std::fflush(stdout);
    for (;;) {
        auto connection = listener.accept();
        connection.nodelay(true);
        mioco::spawn(serve, std::move(connection));
    }
}

}  // namespace

int main(int argc, char** argv) {
    try {
        mioco::run([&] { accept_all(argc > 1 ? argv[1] : "127.0.0.1:5555"); });
    } catch (const std::system_error& e) {
        if (e.code() == std::errc::operation_canceled) return 0;  // Ctrl-C
        std::fprintf(stderr, "http-server: %s\n", e.what());
        return 1;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "http-server: %s\n", e.what());
        return 1;
    }
    return 0;
}
