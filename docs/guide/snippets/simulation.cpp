// SPDX-License-Identifier: MPL-2.0
// What docs/guide/simulation.md shows.
#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>
#include <mioco/sim.hpp>

using namespace std::chrono_literals;
using namespace std::string_view_literals;

void serve(mioco::net::tcp_stream connection);

// snippet: first
void serve_all(const std::string& address) {  // as in production
    auto listener = mioco::net::tcp_listener::bind(address);
    for (;;) mioco::spawn(serve, listener.accept());
}

TEST(echo, sends_back_what_comes) {
    mioco::sim::explore(1000, [] {
        mioco::sim::spawn_on("server", [] { serve_all("0.0.0.0:7"); });
        mioco::sleep_for(1s);  // until it listens; takes no time
        auto client = mioco::net::tcp_stream::connect("server:7");
        client.write_all("hello"sv);
        char reply[5];
        client.read_exactly(reply);
        if (std::string_view(reply, 5) != "hello") throw std::runtime_error("another reply");
        mioco::sim::stop("server");  // who waits for clients would do so for ever
    });
}
// end

void ask(const std::string& server);
void run_server();

void hosts() {
    // snippet: hosts
    mioco::sim::spawn_on("server", run_server);
    mioco::sim::spawn_on("client", ask, "server:7000").join();
    // end
}

void partitions() {
    // snippet: partitions
    mioco::sleep_for(std::chrono::milliseconds(mioco::sim::random_below(1000)));
    mioco::sim::partition("a", "b");  // block("a", "b") is one direction alone
    mioco::sleep_for(std::chrono::milliseconds(mioco::sim::random_below(5000)));
    mioco::sim::heal("a", "b");
    // end
}

void program();

void faults() {
    // snippet: faults
    mioco::sim::config world;
    world.latency = {1ms, 20ms};
    world.bytes_per_second = 1e6;
    world.connect_timeout = 5s;
    world.faults.short_read = world.faults.short_write = 0.3;
    world.faults.again = world.faults.interrupted = 0.1;
    world.faults.failed_connect = 0.05;
    world.faults.reset = 0.01;
    mioco::sim::explore(1000, world, program);
    // end
}

// snippet: disks
void keep(int& acknowledged) {
    auto log = mioco::fs::file::open("/log", {.append = true, .create = true});
    mioco::fs::file::open("/").flush();  // the name of the log
    for (int number = 1;; ++number) {
        log.write_all(std::to_string(number) + '\n');
        log.flush_data();  // without it some seed fails
        acknowledged = number;
    }
}

TEST(log, loses_nothing) {
    mioco::sim::explore(1000, [] {
        int acknowledged = 0;
        mioco::sim::spawn_on("server", [&] { keep(acknowledged); });
        mioco::sleep_for(std::chrono::microseconds(mioco::sim::random_below(2000)));
        mioco::sim::crash("server");
        mioco::sim::restart("server");
        auto left = mioco::sim::spawn_on("server", [] {
                        return mioco::fs::exists("/log") ? mioco::fs::read_file("/log") : "";
                    }).join();
        if (std::ranges::count(left, '\n') < acknowledged) throw std::runtime_error("it is lost");
    });
}
// end

void same() {
    // snippet: report
    mioco::sim::config world;
    world.seed = 1042;
    mioco::sim::report once, again;
    mioco::sim::run(world, program, &once);
    mioco::sim::run(world, program, &again);
    if (once.hash != again.hash) throw std::logic_error("it depends on more than the seed");
    // end
}

using find = std::function<std::string(const std::string&)>;

// snippet: check
class journal {
public:
    void acknowledged(std::string key, std::string value) {
        known_[std::move(key)] = std::move(value);
    }
    void check(const find& get) const {
        for (const auto& [key, value] : known_) {
            if (const auto found = get(key); found != value)
                throw std::runtime_error(key + " was acknowledged as " + value + ", and is " +
                                         found);
        }
    }

private:
    std::map<std::string, std::string> known_;
};
// end
