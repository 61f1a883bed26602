// SPDX-License-Identifier: MPL-2.0
// What docs/guide/cancellation.md shows.
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <mioco/deadline.hpp>
#include <mioco/error.hpp>
#include <mioco/net/tcp_stream.hpp>
#include <mioco/shield.hpp>
#include <mioco/spawn.hpp>
#include <mioco/this_fiber.hpp>
#include <mioco/time.hpp>

using namespace std::chrono_literals;

std::string read_reply(mioco::net::tcp_stream& server);
bool refine_once();
void compute(const std::stop_token& stop);

// snippet: deadline
std::string ask(const std::string& address, std::string_view question) {
    return mioco::with_deadline(2s, [&] {
        auto server = mioco::net::tcp_stream::connect(address);
        server.write_all(question);
        return read_reply(server);
    });
}
// end

// snippet: timed-out
void ask_and_tell(const std::string& address) {
    try {
        std::puts(ask(address, "how are you?\n").c_str());
    } catch (const std::system_error& e) {
        if (e.code() != std::errc::timed_out) throw;
        // mioco: read, as the deadline of 2 s has passed: Connection timed out
        std::puts(e.what());
    }
}
// end

// snippet: cancel
void ask_for_a_while(const std::string& address) {
    auto asking = mioco::spawn([&] {
        for (;;) ask_and_tell(address);
    });
    mioco::sleep_for(1h);
    asking.cancel();
    try {
        asking.join();
    } catch (const std::system_error& e) {
        if (e.code() != std::errc::operation_canceled) throw;
    }
}
// end

// snippet: shield
void transfer(mioco::net::tcp_stream& from, mioco::net::tcp_stream& to) {
    mioco::shield([&] {
        from.write_all(std::string_view("withdraw 100\n"));
        to.write_all(std::string_view("deposit 100\n"));
    });
}
// end

// snippet: goodbye
struct session {
    mioco::net::tcp_stream connection;

    ~session() {
        std::error_code ignored;
        mioco::with_deadline(100ms,
                             [&] { connection.write_all(std::string_view("bye\n"), ignored); });
    }
};
// end

void computing() {
    // snippet: requested
    while (refine_once()) {
        if (mioco::this_fiber::cancel_requested()) return;
    }
    // end

    // snippet: token
    compute(mioco::this_fiber::stop_token());
    // end
}
