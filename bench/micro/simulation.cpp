// SPDX-License-Identifier: MPL-2.0
// What a simulation costs: `simulation events [ROUNDS]` or `simulation hour [SECONDS]`, told as time an event, and as events. The first
// is a mix of what programs do: four hosts speak with a server, and what it answers goes through channels to fibers that sleep. The
// second is an echo server with ten clients on hosts of their own, which ask once a second.

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <mioco/mioco.hpp>
#include <mioco/sim.hpp>

#include "measure.hpp"

namespace {

using namespace std::chrono_literals;
namespace sim = mioco::sim;

constexpr std::size_t message_bytes = 64;

void serve(mioco::net::tcp_stream connection) {
    char buffer[message_bytes];
    while (const std::size_t count = connection.read(buffer))
        connection.write_all(std::string_view(buffer, count));
}

void start_server() {
    sim::spawn_on("server", [] {
        auto listener = mioco::net::tcp_listener::bind("0.0.0.0:80");
        for (;;) mioco::spawn(serve, listener.accept()).detach();
    }).detach();
    mioco::sleep_for(1ms);
}

mioco::net::tcp_stream connect() {
    return mioco::net::tcp_stream::connect(sim::address_of("server") + ":80");
}

void ask(mioco::net::tcp_stream& connection) {
    const std::string question(message_bytes, 'x');
    char answer[message_bytes];
    connection.write_all(question);
    connection.read_exactly(answer);
    if (std::string_view(answer, message_bytes) != question) std::abort();
}

// Each answer is a reason for somebody else to sleep.
void ask_and_tell(std::size_t rounds) {
    auto [tell, told] = mioco::channel<std::size_t>(4);
    auto sleeper = mioco::spawn([in = std::move(told)] {
        while (const auto round = in.recv())
            mioco::sleep_for(std::chrono::microseconds(*round % 500));
    });
    auto connection = connect();
    for (std::size_t i = 0; i < rounds; ++i) {
        ask(connection);
        tell.send(i);
    }
    tell.close();
    sleeper.join();
}

void run_mix(std::size_t rounds) {
    start_server();
    std::vector<mioco::join_handle<void>> clients;
    for (const char* const host : {"a", "b", "c", "d"}) {
        for (int i = 0; i < 8; ++i) clients.push_back(sim::spawn_on(host, ask_and_tell, rounds));
    }
    for (auto& each : clients) each.join();
    sim::stop("server");
}

void run_clients(std::size_t seconds) {
    start_server();
    std::vector<mioco::join_handle<void>> clients;
    for (int i = 0; i < 10; ++i) {
        clients.push_back(sim::spawn_on("client" + std::to_string(i), [=] {
            auto connection = connect();
            for (std::size_t done = 0; done < seconds; ++done) {
                ask(connection);
                mioco::sleep_for(1s);
            }
        }));
    }
    for (auto& each : clients) each.join();
    sim::stop("server");
}

template <class F>
void run_and_report(const char* name, F program) {
    sim::report about;
    const bench::times taken = bench::measure(1, [&] { sim::run(sim::config(), program, &about); });
    const auto events = static_cast<double>(about.events);
    bench::begin_report(name, 2, about.events, {taken.wall_ns / events, taken.cpu_ns / events});
    std::printf(", \"wall_s\": %.3f, \"cpu_s\": %.3f, \"simulated_s\": %.3f}\n",
                taken.wall_ns / 1e9, taken.cpu_ns / 1e9,
                std::chrono::duration<double>(about.passed).count());
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view wanted = argc > 1 ? argv[1] : "";
    if (wanted == "events") {
        const std::size_t rounds = bench::argument(argc, argv, 2, 20'000);
        run_and_report("events", [=] { run_mix(rounds); });
    } else if (wanted == "hour") {
        const std::size_t seconds = bench::argument(argc, argv, 2, 3'600);
        run_and_report("hour", [=] { run_clients(seconds); });
    } else {
        std::fprintf(stderr, "%s: \"events\" or \"hour\" is wanted\n", argv[0]);
        return 2;
    }
}
