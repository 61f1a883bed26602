// SPDX-License-Identifier: MPL-2.0
// What docs/guide/shutdown.md shows.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

#include <mioco/config.hpp>
#include <mioco/deadline.hpp>
#include <mioco/error.hpp>
#include <mioco/net/tcp_listener.hpp>
#include <mioco/offload.hpp>
#include <mioco/runtime.hpp>
#include <mioco/scope.hpp>
#include <mioco/signal.hpp>
#include <mioco/spawn.hpp>
#include <mioco/this_fiber.hpp>

using namespace std::chrono_literals;

void serve(mioco::net::tcp_stream connection);

// snippet: signal
void serve_until_stopped() {
    mioco::stop_on_signal(SIGINT);
    auto listener = mioco::net::tcp_listener::bind("127.0.0.1:5555");
    for (;;) mioco::spawn(serve, listener.accept());
}

int main() {
    try {
        mioco::run(serve_until_stopped);
    } catch (const std::system_error& e) {
        if (e.code() != std::errc::operation_canceled) throw;
        std::puts("stopped");
    }
}
// end

void answer_one(mioco::net::tcp_stream& connection);

// snippet: graceful
void serve_all(std::chrono::seconds grace) {
    mioco::graceful_stop stop;  // SIGINT and SIGTERM
    auto listener = mioco::net::tcp_listener::bind("127.0.0.1:5555");
    mioco::scope connections(0, mioco::on_failure::contain);
    for (;;) {
        auto next = mioco::select(stop.waiting(), listener.accepting());
        if (next.index() == 0) break;
        connections.spawn([&stop, connection = std::get<1>(std::move(next))]() mutable {
            // A connection without a request ends at once.
            while (mioco::select(stop.waiting(), connection.readable()).index() == 1)
                answer_one(connection);
        });
    }
    listener.close();
    mioco::with_deadline(grace, [&] { connections.wait(); });  // then cancels the rest
}
// end

void run_job();
void work();
void undo();

// snippet: cleanup
struct job {
    ~job() { mioco::block_in_place(undo); }  // runs in a stop too
};

void careful() {
    const job current;
    try {
        work();
    } catch (const std::exception& e) {
        std::puts(e.what());  // an error; a stop is none, and passes
    } catch (...) {
        std::puts("stopped, or worse");
        throw;  // fiber_cancelled has to go on
    }
}
// end

// snippet: codes
void drain(mioco::net::tcp_stream& connection) {
    char buffer[1024];
    std::error_code ec;
    while (connection.read(buffer, ec) > 0) run_job();
    if (ec == std::errc::operation_canceled) std::puts("stopped");
}
// end

void graceful() {
    // snippet: grace
    mioco::runtime rt;
    rt.spawn(serve_until_stopped);
    mioco::sleep_for(1h);
    if (!rt.shutdown(5s)) std::puts("stderr tells who has not ended, and where it is");
    // end
}

// snippet: inside
void on_request(const std::string& text) {
    if (text == "quit") mioco::shutdown();  // does not return
}
// end

auto quiet() {
    // snippet: deadlocks
    return mioco::config{}.deadlocks(mioco::on_deadlock::ignore);
    // end
}
