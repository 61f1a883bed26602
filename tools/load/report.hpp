// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <string>

#include "histogram.hpp"
#include "load_run.hpp"
#include "options.hpp"

namespace mioco::load {

/// What is printed before a run: the address, then clients, message size and seconds, then an empty
/// line.
std::string heading(const load_options& options);

/// What is printed after a run: `Speed`, `Requests` and `Responses`, a line each.
std::string summary(const outcome& result);

/// What `mioco-load` prints beyond that: errors, requests that were never answered, latencies.
std::string details(const outcome& result, const histogram& latencies);

/// All of it as one JSON object.
std::string json_report(const load_options& options, const outcome& result,
                        const histogram& latencies);

/// One line of the kind that the benchmark-echo program prints. Its misspelling is part of the
/// format.
std::string throughput_line(std::uint64_t successes, double seconds, std::uint64_t errors);

}  // namespace mioco::load
