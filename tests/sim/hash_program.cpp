// SPDX-License-Identifier: MPL-2.0
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <mioco/mioco.hpp>
#include <mioco/sim.hpp>

// Prints the hashes of so many runs, from seed 0 on, of a program that uses most of what is simulated: for hash_test.py.

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
namespace sim = mioco::sim;

sim::config rough(std::uint64_t seed) {
    sim::config wanted;
    wanted.seed = seed;
    wanted.workers = 1 + static_cast<unsigned>(seed % 3);
    wanted.bytes_per_second = seed % 2 == 0 ? 0 : 1e6;
    wanted.connect_timeout = 1s;
    wanted.faults.short_read = wanted.faults.short_write = 0.2;
    wanted.faults.again = wanted.faults.interrupted = 0.05;
    wanted.faults.reset = wanted.faults.failed_connect = 0.02;
    wanted.faults.lost = wanted.faults.duplicated = wanted.faults.reordered = 0.1;
    return wanted;
}

void serve() {
    auto listener = mioco::net::tcp_listener::bind("0.0.0.0:80");
    for (;;) {
        mioco::spawn([connection = listener.accept()]() mutable {
            std::error_code ec;
            char buffer[512];
            while (const std::size_t count = connection.read(buffer, ec))
                connection.write_all(std::string_view(buffer, count), ec);
        });
    }
}

void serve_datagrams() {
    auto socket = mioco::net::udp_socket::bind("0.0.0.0:53");
    char buffer[64];
    for (;;) {
        const auto got = socket.recv_from(buffer);
        std::error_code ec;
        socket.send_to(std::string_view(buffer, got.size), got.sender, ec);
    }
}

// What it has come to, faults or not.
std::size_t ask(int number) {
    std::error_code ec;
    auto stream = mioco::net::tcp_stream::connect(sim::address_of("server") + ":80", ec);
    if (ec) return 0;
    const std::string text(static_cast<std::size_t>(100 + number * 300), 'x');
    stream.write_all(text, ec);
    std::string answer(text.size(), '\0');
    if (!ec) stream.read_exactly(answer, ec);
    return ec ? 1 : answer.size();
}

std::size_t ask_by_datagrams() {
    auto socket = mioco::net::udp_socket::bind("0.0.0.0:0");
    std::size_t answers = 0;
    for (int i = 0; i < 5; ++i) {
        std::error_code ec;
        socket.send_to("question"sv, mioco::net::endpoint::parse(sim::address_of("server") + ":53"),
                       ec);
        if (mioco::select(socket.readable(), mioco::after(5ms)).index() != 0) continue;
        char buffer[64];
        if (socket.try_recv(buffer, ec)) ++answers;
    }
    return answers;
}

void write_down(const std::vector<std::size_t>& results) {
    auto log = mioco::fs::file::open("/log", {.append = true, .create = true});
    for (const std::size_t each : results) {
        const std::string text = mioco::offload([each] {
            mioco::sleep_for(10us);
            return std::to_string(each) + "\n";
        });
        log.write_all(text);
    }
}

void client() {
    auto [tx, rx] = mioco::channel<std::size_t>(2);
    for (int i = 0; i < 4; ++i) mioco::spawn([tx = tx, i] { tx.send(ask(i)); }).detach();
    mioco::spawn([tx = tx] { tx.send(ask_by_datagrams()); }).detach();
    std::vector<std::size_t> results;
    mioco::interval ticks(100ms);
    while (results.size() < 5) {
        mioco::select(
            mioco::on(rx.receiving(), [&](auto item) { results.push_back(item.value_or(9)); }),
            mioco::on(ticks.ticking(), [](auto) {}));
    }
    write_down(results);
}

void program() {
    sim::spawn_on("server", serve);
    sim::spawn_on("server", serve_datagrams);
    mioco::sleep_for(1ms);
    auto first = sim::spawn_on("one", client);
    auto second = sim::spawn_on("other", client);
    if (sim::random_below(2) == 0) {
        mioco::sleep_for(std::chrono::microseconds(sim::random_below(3000)));
        sim::partition("one", "server");
        mioco::sleep_for(2ms);
        sim::heal_all();
    }
    first.join();
    second.join();
    sim::crash("server");
}

}  // namespace

int main(int, char** arguments) {
    const std::uint64_t seeds = std::strtoull(arguments[1], nullptr, 10);
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        sim::report about;
        sim::run(rough(seed), program, &about);
        std::printf("%016llx %llu\n", static_cast<unsigned long long>(about.hash),
                    static_cast<unsigned long long>(about.events));
    }
}
