// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <system_error>

#include <mioco/join_handle.hpp>
#include <mioco/net/endpoint.hpp>
#include <mioco/net/tcp_stream.hpp>

#include "echo_options.hpp"

namespace mioco::load {

/// What came out of the echoes.
struct echo_outcome {
    std::uint64_t successes = 0;  // echoes that came back unchanged
    // Echoes that did not, with all those left undone on a connection that failed.
    std::uint64_t errors = 0;
    double seconds = 0;
    bool connected = false;         // at least once
    std::error_code connect_error;  // of the last connection that could not be made
};

/// A fixed number of echoes: each of many fibers opens its connections one after the other, and on
/// each one sends the message and reads it back so many times.
class echo_run {
public:
    echo_run(const echo_options& options, const net::endpoint& server, std::string message);

    /// Runs it on threads of its own and this one until all is done or SIGINT comes. Throws
    /// `no_fiber` when a fiber can't be made.
    echo_outcome run();

private:
    using clock = std::chrono::steady_clock;

    void drive();
    join_handle<void> spawn_one();
    void watch();
    void run_connections();
    std::uint32_t run_echoes(net::tcp_stream& stream);

    echo_options options_;
    net::endpoint server_;
    std::string message_;
    clock::time_point start_{};
    clock::time_point end_{};
    std::atomic<std::size_t> running_ = 0;
    std::atomic<std::uint64_t> successes_ = 0;
    std::atomic<std::uint64_t> errors_ = 0;
    std::atomic<bool> connected_ = false;
    std::mutex mutex_;
    std::error_code connect_error_;  // guarded by mutex_
};

}  // namespace mioco::load
