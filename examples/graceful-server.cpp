// SPDX-License-Identifier: MPL-2.0
//
// graceful-server [address [SECONDS]]
//
// A server that finishes what it began. Each line is a request: "count N" is answered by the numbers up to N, a line each millisecond;
// "greet" by a question, and then by a greeting; "stuck" by a line, and by never coming to an end; anything else by itself.
//
// At Ctrl-C or SIGTERM it takes no more connections and no more requests, and ends with status 0 when all that were begun are
// answered. Those that are not within SECONDS, 10 unless given, are named on stderr and cancelled; the status is 1 then. A second
// signal ends it at once. The address is 127.0.0.1:5555 unless one is given; port 0 takes a free port.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <variant>

#include <mioco/mioco.hpp>

#include "number.hpp"

using namespace std::chrono_literals;

namespace {

class client {
public:
    explicit client(mioco::net::tcp_stream connection) : connection_(std::move(connection)) {}

    /// The next request; nothing if the client has closed, or the server is to end.
    std::optional<std::string> next_request(mioco::graceful_stop& stop) {
        while (!stop.is_due()) {
            if (auto line = first_line()) return line;
            if (mioco::select(stop.waiting(), connection_.readable()).index() == 0) break;
            if (!read_more()) break;
        }
        return std::nullopt;
    }

    std::string ask(std::string_view question) {
        write(question);
        for (;;) {
            if (auto line = first_line()) return *line;
            if (!read_more()) throw std::runtime_error("the client went before it answered");
        }
    }

    void write(std::string_view text) { connection_.write_all(text); }

    /// Says that nothing more comes, and waits a little for the client to close: a close with something unread would take away what
    /// is still under way to it.
    void say_goodbye() {
        connection_.shutdown(mioco::net::direction::write);
        const mioco::timer patience(1s);
        while (mioco::select(connection_.readable(), patience.expiring()).index() == 0) {
            if (connection_.read_lease().empty()) return;
        }
    }

private:
    std::optional<std::string> first_line() {
        const auto end = received_.find('\n');
        if (end == std::string::npos) return std::nullopt;
        std::string line = received_.substr(0, end);
        received_.erase(0, end + 1);
        return line;
    }

    bool read_more() {
        const auto data = connection_.read_lease();
        received_ += data.text();
        return !data.empty();
    }

    mioco::net::tcp_stream connection_;
    std::string received_;
};

void answer(client& from, const std::string& request) {
    if (request.starts_with("count ")) {
        const auto last = number_of(std::string_view(request).substr(6), "lines", 0, 1'000'000);
        for (int i = 1; i <= last; ++i) {
            from.write(std::to_string(i) + '\n');
            mioco::sleep_for(1ms);
        }
        from.write("done\n");
    } else if (request == "greet") {
        const std::string name = from.ask("your name?\n");
        from.write("hello " + name + '\n');
    } else if (request == "stuck") {
        from.write("for ever\n");
        std::this_thread::sleep_for(24h);  // holds the thread, and sees no cancel
    } else {
        from.write(request + '\n');
    }
}

void serve(client whom, mioco::graceful_stop& stop) {
    try {
        while (const auto request = whom.next_request(stop)) answer(whom, *request);
        whom.say_goodbye();
    } catch (const std::exception&) {
        // A client that resets, or sends nonsense, is no reason for a message.
    }
}

void accept_until(mioco::graceful_stop& stop, mioco::net::tcp_listener& listener) {
    for (;;) {
        auto next = mioco::select(stop.waiting(), listener.accepting());
        if (next.index() == 0) return listener.close();
        auto& connection = std::get<1>(next);
        const std::string peer = connection.peer().to_string();
        mioco::spawn({.name = peer}, serve, client(std::move(connection)), std::ref(stop));
    }
}

int serve_until_stopped(const char* address, std::chrono::seconds grace) {
    mioco::graceful_stop stop;
    mioco::net::tcp_listener listener;
    mioco::runtime server;
    listener = mioco::net::tcp_listener::bind(address);
    std::printf("Starting graceful server on %s\n", listener.local().to_string().c_str());
    std::fflush(stdout);
    server.spawn({.name = "acceptor"}, accept_until, std::ref(stop), std::ref(listener));
    stop.wait();  // outside of fibers, where none that is stuck holds it up
    try {
        mioco::with_deadline(grace, [&] { server.wait(); });
        return 0;
    } catch (const std::system_error& e) {
        if (e.code() != std::errc::timed_out) throw;
    }
    std::fputs("graceful-server: not finished in time, and cancelled now:\n", stderr);
    mioco::dump();
    // Who does not see that either would keep the process for ever, as a runtime's destructor waits for its fibers.
    if (!server.shutdown(1s)) std::_Exit(1);
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const int grace = argc > 2 ? number_of(argv[2], "seconds", 0, 86400) : 10;
        return serve_until_stopped(argc > 1 ? argv[1] : "127.0.0.1:5555",
                                   std::chrono::seconds(grace));
    } catch (const std::exception& e) {
        std::fprintf(stderr, "graceful-server: %s\n", e.what());
        return 1;
    }
}
