// SPDX-License-Identifier: MPL-2.0
// What README.md shows.

// snippet: echo
#include <mioco/mioco.hpp>

void serve(mioco::net::tcp_stream connection) {
    for (;;) {
        const auto data = connection.read_lease();  // an idle connection holds no buffer
        if (data.empty()) return;                   // closed by the peer
        connection.write_all(data);
    }
}

int main() {
    mioco::run([] {
        auto listener = mioco::net::tcp_listener::bind("127.0.0.1:5555");
        for (;;) mioco::spawn(serve, listener.accept());
    });
}
// end
