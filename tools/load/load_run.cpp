// SPDX-License-Identifier: MPL-2.0
#include "load_run.hpp"

#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <mioco/join_handle.hpp>
#include <mioco/runtime.hpp>
#include <mioco/spawn.hpp>
#include <mioco/time.hpp>

#include "closed_loop.hpp"
#include "countdown.hpp"
#include "descriptors.hpp"
#include "errors.hpp"
#include "open_loop.hpp"
#include "progress.hpp"

namespace mioco::load {

namespace {

using namespace std::chrono_literals;

// So many connections are opened at a time: a server's backlog holds them.
constexpr std::size_t connect_batch = 256;

constexpr auto watch_interval = 20ms;

constexpr unsigned shard_count = 16;

clock::duration seconds_of(double seconds) {
    return std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(seconds));
}

config settings_of(const load_options& options) {
    config settings;
    settings.name("load");
    if (options.workers) settings.workers(*options.workers);
    return settings;
}

}  // namespace

load_run::load_run(const load_options& options, const net::endpoint& server)
    : options_(options), server_(server), settings_(settings_of(options)), results_(shard_count) {
    allow_connections(options.connections);
}

load_run::~load_run() = default;

outcome load_run::run() {
    outcome result;
    try {
        mioco::run(settings_, [this] { drive(); });
    } catch (const std::system_error& error) {
        // That is how a run says that its fibers were cancelled: by SIGINT, as nothing else does it
        // here.
        if (error.code() != std::errc::operation_canceled) throw;
        result.interrupted = true;
    }
    finish(result);
    return result;
}

void load_run::drive() {
    stop_on_signal(SIGINT);
    std::vector<net::tcp_stream> streams = connect_all();
    start_ = clock::now();
    measured_.begin = start_ + seconds_of(options_.warmup_seconds);
    measured_.end = measured_.begin + seconds_of(options_.seconds);
    make_clients(std::move(streams));

    running_ = clients_.size();
    std::vector<join_handle<void>> running;
    running.reserve(clients_.size());
    for (const auto& c : clients_) {
        running.push_back(mioco::spawn([this, &c] {
            const countdown ended(running_);
            c->run();
        }));
    }
    auto watcher = mioco::spawn({.name = "watcher"}, [this] { watch(); });
    for (auto& fiber : running) fiber.join();
    watcher.join();
}

net::tcp_stream load_run::connect(std::size_t index) {
    std::error_code ec;
    net::tcp_stream stream = net::tcp_stream::connect(server_, ec);
    if (ec) results_.fail("connection " + std::to_string(index) + ": connect: " + ec.message());
    return stream;
}

std::vector<net::tcp_stream> load_run::connect_all() {
    std::vector<net::tcp_stream> streams;
    streams.reserve(options_.connections);
    try {
        streams.push_back(net::tcp_stream::connect(server_));
    } catch (const std::system_error& error) {
        throw cannot_connect(server_, error.code());
    }
    while (streams.size() < options_.connections) {
        const std::size_t past =
            std::min<std::size_t>(streams.size() + connect_batch, options_.connections);
        std::vector<join_handle<net::tcp_stream>> connecting;
        for (std::size_t i = streams.size(); i < past; ++i) {
            connecting.push_back(mioco::spawn([this, i] { return connect(i); }));
        }
        for (auto& fiber : connecting) streams.push_back(fiber.join());
    }
    return streams;
}

void load_run::make_clients(std::vector<net::tcp_stream> streams) {
    const client_setup setup{&text_, options_.message_bytes, measured_, &results_};
    for (std::size_t i = 0; i < streams.size(); ++i) {
        if (!streams[i].is_open()) continue;
        streams[i].nodelay(true);
        if (options_.rate) {
            const schedule plan(start_, *options_.rate, streams.size(), i);
            clients_.push_back(std::make_unique<open_loop>(setup, i, std::move(streams[i]), plan));
        } else {
            clients_.push_back(
                std::make_unique<closed_loop>(setup, i, std::move(streams[i]), options_.pipeline));
        }
    }
}

void load_run::watch() {
    progress shown(start_);
    const auto given_up_at = measured_.end + seconds_of(options_.patience_seconds);
    while (running_ > 0) {
        mioco::sleep_for(watch_interval);
        const auto now = clock::now();
        const totals counts = results_.sum();
        shown.update(now, counts.responses, counts.failures);
        if (now < given_up_at) continue;
        for (const auto& c : clients_) c->give_up();
    }
}

void load_run::finish(outcome& result) {
    const auto now = clock::now();
    for (const auto& c : clients_) result.unanswered += c->settle(now);
    results_.collect(latencies_);
    const auto until = std::min(now, measured_.end);
    if (until > measured_.begin)
        result.seconds = std::chrono::duration<double>(until - measured_.begin).count();
    result.counts = results_.sum();
    result.first_failure = results_.first_failure();
}

}  // namespace mioco::load
