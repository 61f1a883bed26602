// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <system_error>
#include <utility>

#include <mioco/mioco.hpp>

namespace mioco::load {

/// A server on a free port, in a runtime of its own, that treats each connection as a test wants
/// it.
class test_server {
public:
    using handler = std::function<void(net::tcp_stream&)>;

    explicit test_server(handler serve) : serve_(std::move(serve)) {
        accepting_ = runtime_.spawn([this] {
            for (;;)
                spawn([this, stream = listener_.accept()]() mutable { serve_quietly(stream); });
        });
    }

    [[nodiscard]] net::endpoint address() const { return listener_.local(); }

private:
    // A client that ends early breaks its connection; that is no error of the server.
    void serve_quietly(net::tcp_stream& stream) const {
        try {
            serve_(stream);
        } catch (const std::system_error&) {
        }
    }

    handler serve_;
    net::tcp_listener listener_ = net::tcp_listener::bind("127.0.0.1:0");
    runtime runtime_{config{}.workers(1)};
    join_handle<void> accepting_;
};

/// Sends back what comes.
inline void echo(net::tcp_stream& stream) {
    for (;;) {
        const auto data = stream.read_lease();
        if (data.empty()) return;
        stream.write_all(data);
    }
}

/// A port of this host on which nobody listens.
inline net::endpoint unused_address() { return net::tcp_listener::bind("127.0.0.1:0").local(); }

}  // namespace mioco::load
