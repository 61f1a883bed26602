// SPDX-License-Identifier: MPL-2.0
//
// channel [address]
//
// An echo server that accepts one connection for each line on its standard input: a plain thread reads the lines, and a channel carries
// them to the fiber that accepts. It ends when the input has ended and the last client is gone, or with Ctrl-C.

#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <mioco/mioco.hpp>

namespace {

void read_lines(const mioco::sender<std::string>& lines) {
    for (std::string line;;) {
        std::puts("Press Enter to accept one pending connection.");
        if (!std::getline(std::cin, line)) return;
        if (lines.try_send(line)) return;  // it comes back: nobody receives any more
    }
}

void serve(mioco::net::tcp_stream connection) {
    std::error_code ec;
    for (;;) {
        const auto data = connection.read_lease(ec);
        if (ec || data.empty()) return;
        connection.write_all(data, ec);
        if (ec) return;
    }
}

void accept_one_a_line(const char* address) {
    mioco::stop_on_signal(SIGINT);
    auto listener = mioco::net::tcp_listener::bind(address);
    std::printf("Starting tcp echo server on %s\n", listener.local().to_string().c_str());
    auto [in, lines] = mioco::unbounded_channel<std::string>();
    // Nobody waits for this thread, as it may wait for a line for ever.
    std::thread([in = std::move(in)] { read_lines(in); }).detach();
    for ([[maybe_unused]] const auto& line : lines) mioco::spawn(serve, listener.accept());
}

}  // namespace

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // line by line, into a pipe too
    try {
        mioco::run([&] { accept_one_a_line(argc > 1 ? argv[1] : "127.0.0.1:5555"); });
    } catch (const std::system_error& e) {
        if (e.code() == std::errc::operation_canceled) return 0;  // Ctrl-C
        std::fprintf(stderr, "channel: %s\n", e.what());
        return 1;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "channel: %s\n", e.what());
        return 1;
    }
    return 0;
}
