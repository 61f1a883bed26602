// SPDX-License-Identifier: MPL-2.0
#include "round.hpp"

#include <mutex>
#include <optional>
#include <utility>

#include <mioco/sim.hpp>

namespace store {

namespace sim = mioco::sim;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> server_names{"a", "b", "c"};

/// In a fiber of that host, which is this very process outside of simulations.
template <class F>
auto on_host(const std::string& name, F f) {
    return sim::is_simulated() ? sim::spawn_on(name, std::move(f)) : mioco::spawn(std::move(f));
}

}  // namespace

std::optional<loss> round::play() {
    start_servers();
    start_watchman();
    std::optional<mioco::join_handle<void>> trouble;
    if (options_.trouble) trouble = mioco::spawn([this] { options_.trouble(server_names); });
    std::vector<mioco::join_handle<void>> writing;
    for (std::size_t i = 1; i <= options_.clients; ++i) {
        const std::string name = "client" + std::to_string(i);
        writing.push_back(on_host(name, [this, name] { write_all(name); }));
    }
    for (auto& each : writing) each.join();
    if (trouble) trouble->join();
    return on_host("auditor", [this] { return find_all(); }).join();
}

void round::start_servers() {
    std::vector<mioco::net::tcp_listener> listeners;
    for (const std::string& name : server_names) {
        const char* const where = sim::is_simulated() ? "0.0.0.0:7000" : "127.0.0.1:0";
        listeners.push_back(
            on_host(name, [=] { return mioco::net::tcp_listener::bind(where); }).join());
        addresses_.push_back({name, sim::is_simulated() ? mioco::net::endpoint::parse(
                                                              sim::address_of(name) + ":7000")
                                                        : listeners.back().local()});
    }
    for (std::size_t i = 0; i < server_names.size(); ++i) {
        server_options wanted;
        for (const address& each : addresses_) {
            if (each.name != server_names[i]) wanted.peers.push_back(each);
        }
        wanted.tell = [this, i](const std::string& what) {
            options_.tell("server " + server_names[i], what);
        };
        servers_.push_back(std::make_unique<server>(std::move(wanted)));
        on_host(server_names[i],
                [&made = *servers_.back(), listener = std::move(listeners[i])]() mutable {
                    made.serve(listener);
                });
    }
}

void round::start_watchman() {
    watchman_options wanted;
    wanted.servers = addresses_;
    wanted.promotes_the_longest = options_.promotes_the_longest;
    wanted.tell = [this](const std::string& what) { options_.tell("watchman", what); };
    watchman_ = std::make_unique<watchman>(std::move(wanted));
    on_host("watchman", [this] { watchman_->watch(); });
}

void round::write_all(const std::string& name) {
    client to(addresses_);
    for (std::size_t i = 1; i <= options_.writes; ++i) {
        acknowledged_write made{name + '/' + std::to_string(i), std::to_string(100 * i), {}};
        if (auto server = to.set(made.key, made.value)) {
            made.server = *server;
            options_.tell(name, made.server + " says OK to SET " + made.key + ' ' + made.value);
            const std::scoped_lock held(guard_);
            noted_.push_back(std::move(made));
        } else {
            options_.tell(name, "nobody acknowledges SET " + made.key + ' ' + made.value);
        }
        if (options_.pause) options_.pause(to);
    }
}

// Whoever acknowledges a write now is the primary, and no other has acknowledged any since: the clients are done.
std::optional<loss> round::find_all() {
    client to(addresses_);
    for (;;) {
        const auto primary = to.set("the/end", "1");
        if (!primary) continue;
        bool asked_all = true;
        for (const acknowledged_write& each : noted_) {
            const auto answer = to.get(each.key);
            asked_all = answer && !answer->starts_with("ERR");
            if (!asked_all) break;  // it is not the primary any more
            if (*answer != "VALUE " + each.value) return lost(each, *answer, *primary);
        }
        if (asked_all) return std::nullopt;
    }
}

loss round::lost(const acknowledged_write& one, const std::string& answer,
                 const std::string& server) {
    options_.tell("auditor", server + " says " + answer + " to GET " + one.key);
    return {one.key, "an acknowledged write is lost: server " + one.server + " said OK to SET " +
                         one.key + ' ' + one.value + ", but in the end server " + server +
                         " says " + answer + " to GET " + one.key};
}

}  // namespace store
