// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <system_error>
#include <utility>

#include <mioco/mioco.hpp>

namespace mioco_test {

/// Sends back what comes until the stream ends or breaks.
inline void echo(mioco::net::tcp_stream connection) {
    std::error_code ec;
    for (;;) {
        const auto data = connection.read_lease(ec);
        if (ec || data.empty()) return;
        connection.write_all(data, ec);
        if (ec) return;
    }
}

/// An echo server on a free port in a runtime of its own.
class echo_server {
public:
    explicit echo_server(const mioco::config& settings) : runtime_(settings) {
        static_cast<void>(runtime_.spawn({.name = "acceptor"}, [this] {
            for (;;) mioco::spawn(echo, listener_.accept());
        }));
    }

    [[nodiscard]] mioco::net::endpoint address() const { return listener_.local(); }
    [[nodiscard]] mioco::runtime& runtime() { return runtime_; }

private:
    mioco::net::tcp_listener listener_ = mioco::net::tcp_listener::bind("127.0.0.1:0");
    mioco::runtime runtime_;
};

}  // namespace mioco_test
