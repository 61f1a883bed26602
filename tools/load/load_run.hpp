// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <mioco/config.hpp>
#include <mioco/net/endpoint.hpp>
#include <mioco/net/tcp_stream.hpp>

#include "client.hpp"
#include "measurement.hpp"
#include "options.hpp"
#include "payload.hpp"

namespace mioco::load {

/// What came out of a run.
struct outcome {
    double seconds = 0;  // that were measured; fewer than asked for when the run was interrupted
    totals counts;
    std::uint64_t unanswered = 0;  // requests of that time that were never answered
    bool interrupted = false;
    std::string first_failure;
};

/// One run of load against a server: connects, sends for the time asked for, waits for the last
/// answers.
class load_run {
public:
    /// Throws `bad_argument` when there are more connections than the process can have.
    load_run(const load_options& options, const net::endpoint& server);
    ~load_run();

    /// Runs it on threads of its own and this one, until it is over or SIGINT comes. Throws
    /// `cannot_connect` when there is no server.
    outcome run();

    /// The latencies, after `run`.
    [[nodiscard]] const histogram& latencies() const noexcept { return latencies_; }

private:
    void drive();
    net::tcp_stream connect(std::size_t index);
    std::vector<net::tcp_stream> connect_all();
    void make_clients(std::vector<net::tcp_stream> streams);
    void watch();
    void finish(outcome& result);

    load_options options_;
    net::endpoint server_;
    config settings_;
    payload text_;
    measurement results_;
    histogram latencies_;
    window measured_{};
    clock::time_point start_{};
    std::vector<std::unique_ptr<client>> clients_;
    std::atomic<std::size_t> running_ = 0;
};

}  // namespace mioco::load
