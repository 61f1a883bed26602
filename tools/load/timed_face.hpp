// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <string>

namespace mioco::load {

/// How much of a result is printed.
enum class detail_level {
    speed,  ///< Speed and counts, and nothing else: the format that `tcp_bench` has always had.
    all     ///< Also errors and latencies.
};

/// The program that loads a server for some time. Returns the exit status: 0 when every connection
/// went well, 1 when one failed or nobody listens, 2 for bad arguments.
int run_timed_face(const std::string& program, int argc, char** argv, detail_level level);

}  // namespace mioco::load
