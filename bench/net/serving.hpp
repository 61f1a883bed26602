// SPDX-License-Identifier: MPL-2.0
// What mioco's servers here have in common: a listener that says where it is, and a fiber for each connection.
#pragma once

#include <cstdio>
#include <string_view>
#include <system_error>
#include <utility>

#include <mioco/mioco.hpp>

/// Serves for ever: `serve(connection)` for each.
template <class Serve>
void serve_all(std::string_view address, Serve serve) {
    auto listener = mioco::net::tcp_listener::bind(address);
    std::printf("listening on %s\n", listener.local().to_string().c_str());
    std::fflush(stdout);
    for (;;) {
        auto connection = listener.accept();
        connection.nodelay(true);
        mioco::spawn(serve, std::move(connection));
    }
}

/// Echoes until the peer closes; `before_reply(message)` first.
template <class BeforeReply>
void echo(mioco::net::tcp_stream connection, BeforeReply before_reply) {
    std::error_code failed;
    for (;;) {
        const auto message = connection.read_lease(failed);
        if (failed || message.empty()) return;
        before_reply(message.text());
        connection.write_all(message, failed);
        if (failed) return;
    }
}

/// What `main` does that has an address for its only argument.
template <class Serve>
int serve_at_only_argument(int argc, char** argv, Serve serve) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: %s 127.0.0.1:PORT\n", argv[0]);
        return 2;
    }
    mioco::run([&] { serve_all(argv[1], serve); });
    return 0;
}
