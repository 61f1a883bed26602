// SPDX-License-Identifier: MPL-2.0
// What docs/guide/time.md shows.
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

#include <mioco/channel.hpp>
#include <mioco/net/tcp_stream.hpp>
#include <mioco/select.hpp>
#include <mioco/spawn.hpp>
#include <mioco/time.hpp>
#include <mioco/timer.hpp>

using namespace std::chrono_literals;

void send_heartbeat();
void print(const std::optional<std::string>& line);

void sleeping() {
    // snippet: sleep
    mioco::sleep_for(20ms);
    mioco::sleep_until(mioco::now() + 1s);
    // end
}

// snippet: timer
void echo(mioco::net::tcp_stream& connection) {
    mioco::timer idle(30s);
    for (;;) {
        auto event = mioco::select(connection.readable(), idle.expiring());
        if (event.index() == 1) return;  // silent for thirty seconds
        const auto data = connection.read_lease();
        if (data.empty()) return;
        connection.write_all(data);
        idle.set(30s);
    }
}
// end

void take_for(const mioco::receiver<std::string>& lines, const mioco::receiver<bool>& stop) {
    // snippet: at
    const auto end = mioco::now() + 5s;  // of all rounds together
    for (;;) {
        auto event =
            mioco::select(mioco::on(lines.receiving(), print), stop.receiving(), mioco::at(end));
        if (event.index() > 0) return;
    }
    // end
}

// snippet: interval
void beat(const mioco::receiver<bool>& stop) {
    mioco::interval ticks(1s, mioco::missed_ticks::skip);
    for (;;) {
        auto event = mioco::select(ticks.ticking(), stop.receiving());
        if (event.index() == 1) return;
        send_heartbeat();
    }
}
// end

void limits(const mioco::receiver<std::string>& inbox) {
    // snippet: limits
    if (auto line = inbox.try_recv_for(5s)) std::puts(line->c_str());

    const auto deadline = mioco::now() + 5s;  // for all that follows
    while (auto line = inbox.try_recv_until(deadline)) std::puts(line->c_str());
    // end
}

std::optional<std::size_t> reading(mioco::net::tcp_stream& connection, char (&buffer)[1024]) {
    // snippet: read-limit
    auto event = mioco::select(connection.readable(), mioco::after(5s));
    if (event.index() == 1) return std::nullopt;
    return connection.read(buffer);
    // end
}

bool writing(mioco::net::tcp_stream& connection, std::span<const std::byte> all) {
    // snippet: write-limit
    for (std::size_t done = 0; done < all.size();) {
        auto event = mioco::select(connection.writable(), mioco::after(5s));
        if (event.index() == 1) return false;  // it takes nothing any more
        if (const auto some = connection.try_write(all.subspan(done))) done += *some;
    }
    // end
    return true;
}
