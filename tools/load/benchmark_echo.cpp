// SPDX-License-Identifier: MPL-2.0
#include <cstdio>
#include <exception>
#include <string>
#include <system_error>
#include <vector>

#include "address.hpp"
#include "arguments.hpp"
#include "echo_options.hpp"
#include "echo_run.hpp"
#include "errors.hpp"
#include "report.hpp"

namespace {

using namespace mioco::load;

int tell(const char* message, int status) {
    std::fprintf(stderr, "benchmark-echo: %s\n", message);
    return status;
}

int run_echoes(const echo_options& options, const std::string& message) {
    const auto server = resolve(options.host, options.port);
    const echo_outcome result = echo_run(options, server, message).run();
    std::fputs(throughput_line(result.successes, result.seconds, result.errors).c_str(), stdout);
    std::fflush(stdout);
    if (result.connect_error && !result.connected) {
        return tell(cannot_connect(server, result.connect_error).what(), status_failed);
    }
    return status_ok;
}

}  // namespace

int main(int argc, char** argv) {
    echo_options options;
    const std::vector<const char*> arguments(argv + 1, argv + argc);
    if (const auto status = parse_echo_options(arguments, options)) return *status;
    std::string message;
    try {
        message = read_message(options);
    } catch (const std::exception& error) {
        return tell(error.what(), status_bad_file);
    }
    try {
        return run_echoes(options, message);
    } catch (const bad_argument& error) {
        return tell(error.what(), status_bad_arguments);
    } catch (const no_fiber& error) {
        return tell(error.what(), status_no_fiber);
    } catch (const std::exception& error) {
        return tell(error.what(), status_lost_fiber);
    }
}
