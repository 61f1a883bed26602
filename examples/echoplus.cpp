// SPDX-License-Identifier: MPL-2.0
//
// echoplus [address [seconds]]
//
// The echo server with a time-out: who has sent nothing for 5 seconds, or as many as given, is disconnected; so is who takes no answer
// for as long.

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include <mioco/mioco.hpp>

namespace {

using seconds = std::chrono::duration<double>;

// False if the client is gone, or has taken nothing for that long.
bool write_all(mioco::net::tcp_stream& connection, std::span<const std::byte> data, seconds limit) {
    std::error_code ec;
    for (;;) {
        const auto count = connection.try_write(data, ec);
        if (ec) return false;
        data = data.subspan(count.value_or(0));
        if (data.empty()) return true;
        const auto event = mioco::select(connection.writable(), mioco::after(limit));
        if (event.index() == 1) return false;
    }
}

void serve(mioco::net::tcp_stream connection, seconds limit) {
    std::error_code ec;  // a client that resets is no reason for a message
    mioco::timer idle;
    for (;;) {
        idle.set(limit);
        const auto event = mioco::select(connection.readable(), idle.expiring());
        if (event.index() == 1) return;  // and that closes the connection
        const auto data = connection.read_lease(ec);
        if (ec || data.empty()) return;
        if (!write_all(connection, data, limit)) return;
    }
}

void accept_all(const char* address, seconds limit) {
    mioco::stop_on_signal(SIGINT);
    auto listener = mioco::net::tcp_listener::bind(address);
    std::printf("Starting tcp echo server on %s; time-out after %g s\n",
                listener.local().to_string().c_str(), limit.count());
    std::fflush(stdout);
    for (;;) mioco::spawn(serve, listener.accept(), limit);
}

std::optional<seconds> parse_seconds(std::string_view text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || !(number > 0)) return {};
    return seconds(number);
}

}  // namespace

int main(int argc, char** argv) {
    const auto limit = argc > 2 ? parse_seconds(argv[2]) : seconds(5);
    if (!limit) {
        std::fprintf(stderr, "echoplus: \"%s\" is no number of seconds above 0\n", argv[2]);
        return 2;
    }
    try {
        mioco::run([&] { accept_all(argc > 1 ? argv[1] : "127.0.0.1:5555", *limit); });
    } catch (const std::system_error& e) {
        if (e.code() == std::errc::operation_canceled) return 0;  // Ctrl-C
        std::fprintf(stderr, "echoplus: %s\n", e.what());
        return 1;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "echoplus: %s\n", e.what());
        return 1;
    }
    return 0;
}
