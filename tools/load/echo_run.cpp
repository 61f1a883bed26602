// SPDX-License-Identifier: MPL-2.0
#include "echo_run.hpp"

#include <csignal>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <mioco/config.hpp>
#include <mioco/join_handle.hpp>
#include <mioco/runtime.hpp>
#include <mioco/spawn.hpp>
#include <mioco/time.hpp>

#include "countdown.hpp"
#include "descriptors.hpp"
#include "errors.hpp"
#include "progress.hpp"

namespace mioco::load {

namespace {

using namespace std::chrono_literals;

constexpr auto watch_interval = 20ms;

}  // namespace

echo_run::echo_run(const echo_options& options, const net::endpoint& server, std::string message)
    : options_(options), server_(server), message_(std::move(message)) {
    allow_connections(options.fibers);
}

echo_outcome echo_run::run() {
    try {
        mioco::run(config{}.name("load"), [this] { drive(); });
    } catch (const std::system_error& error) {
        // That is how a run says that its fibers were cancelled: by SIGINT, as nothing else does it
        // here.
        if (error.code() != std::errc::operation_canceled) throw;
        end_ = clock::now();
    }
    const std::chrono::duration<double> elapsed = end_ - start_;
    return {successes_, errors_, elapsed.count(), connected_, connect_error_};
}

void echo_run::drive() {
    stop_on_signal(SIGINT);
    start_ = clock::now();
    running_ = options_.fibers;
    std::vector<join_handle<void>> running;
    running.reserve(options_.fibers);
    for (std::uint32_t i = 0; i < options_.fibers; ++i) running.push_back(spawn_one());
    auto watcher = mioco::spawn({.name = "watcher"}, [this] { watch(); });
    for (auto& fiber : running) fiber.join();
    end_ = clock::now();
    watcher.join();
}

join_handle<void> echo_run::spawn_one() {
    try {
        return mioco::spawn([this] {
            const countdown ended(running_);
            run_connections();
        });
    } catch (const std::system_error& error) {
        throw no_fiber(error.what());
    }
}

void echo_run::watch() {
    progress shown(start_);
    while (running_ > 0) {
        mioco::sleep_for(watch_interval);
        shown.update(clock::now(), successes_, errors_);
    }
}

void echo_run::run_connections() {
    for (std::uint32_t i = 0; i < options_.connections; ++i) {
        std::error_code ec;
        net::tcp_stream stream = net::tcp_stream::connect(server_, ec);
        if (ec == std::errc::operation_canceled) return;
        if (ec) {
            errors_ += options_.echoes;
            const std::scoped_lock lock(mutex_);
            connect_error_ = ec;
            continue;
        }
        connected_ = true;
        stream.nodelay(true);
        errors_ += run_echoes(stream);
    }
}

// Gives the number of echoes that failed: after an error, those that were left as well.
std::uint32_t echo_run::run_echoes(net::tcp_stream& stream) {
    std::uint32_t wrong = 0;
    // Room for more than the message: a read that leaves some tells the runtime that no more is
    // there.
    std::string buffer(message_.size() + 1, '\0');
    for (std::uint32_t done = 0; done < options_.echoes; ++done) {
        std::error_code ec;
        stream.write_all(message_, ec);
        std::size_t size = 0;
        while (!ec && size < message_.size()) {
            const std::size_t part = stream.read(std::span(buffer).subspan(size), ec);
            if (part == 0) break;
            size += part;
        }
        if (ec == std::errc::operation_canceled) return wrong;
        if (size < message_.size()) return wrong + (options_.echoes - done);
        if (std::string_view(buffer).substr(0, size) == message_) {
            ++successes_;
        } else {
            ++wrong;
        }
    }
    return wrong;
}

}  // namespace mioco::load
