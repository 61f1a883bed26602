// SPDX-License-Identifier: MPL-2.0
#include "timed_face.hpp"

#include <cstdio>
#include <exception>
#include <vector>

#include "address.hpp"
#include "arguments.hpp"
#include "errors.hpp"
#include "load_run.hpp"
#include "options.hpp"
#include "report.hpp"

namespace mioco::load {

namespace {

void print(const std::string& text) {
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
}

int tell(const std::string& program, const std::string& message, int status) {
    std::fprintf(stderr, "%s: %s\n", program.c_str(), message.c_str());
    return status;
}

void print_report(const load_options& options, const outcome& result, const histogram& latencies,
                  detail_level level) {
    if (options.json) return print(json_report(options, result, latencies));
    print(summary(result));
    if (level == detail_level::all) print(details(result, latencies));
}

int load(const std::string& program, const load_options& options, detail_level level) {
    load_run run(options, resolve(options.address));
    if (!options.json) print(heading(options));
    const outcome result = run.run();
    if (result.interrupted && result.seconds == 0) {
        return tell(program, "interrupted before the measurement began", status_failed);
    }
    print_report(options, result, run.latencies(), level);
    if (result.counts.failures == 0) return status_ok;
    return tell(program,
                std::to_string(result.counts.failures) + " of " +
                    std::to_string(options.connections) +
                    " connections failed; the first: " + result.first_failure,
                status_failed);
}

}  // namespace

int run_timed_face(const std::string& program, int argc, char** argv, detail_level level) {
    load_options options;
    const std::vector<const char*> arguments(argv + 1, argv + argc);
    if (const auto status = parse_load_options(program, arguments, options)) return *status;
    try {
        return load(program, options, level);
    } catch (const bad_argument& error) {
        return tell(program, error.what(), status_bad_arguments);
    } catch (const std::exception& error) {
        return tell(program, error.what(), status_failed);
    }
}

}  // namespace mioco::load
