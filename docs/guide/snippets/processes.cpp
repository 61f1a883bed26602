// SPDX-License-Identifier: MPL-2.0
// What docs/guide/processes.md shows.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <mioco/mioco.hpp>

namespace process = mioco::process;
using namespace std::chrono_literals;
using namespace std::string_view_literals;

// snippet: run
std::string sorted(std::string_view lines) {
    const auto done = mioco::process::run({"sort", "-r"}, lines);
    if (!done.status.success())
        throw std::runtime_error("sort " + done.status.text() + ": " + done.error);
    return done.output;
}
// end

// snippet: spawn
void follow(const std::string& log) {
    auto tail = process::spawn({"tail", "-F", log}, {.standard_output = process::piped});
    for (;;) {
        const auto part = tail.standard_output().read_lease();
        if (part.empty()) break;
        std::fwrite(part.text().data(), 1, part.text().size(), stdout);
    }
    std::printf("tail %s\n", tail.wait().text().c_str());
}
// end

void write_to_file(const mioco::fs::file& log) {
    // snippet: streams
    const auto made = process::run({"make", "-C", "/src/project"}, {},
                                   {.standard_input = process::null,
                                    .standard_output = process::descriptor(log.native_handle()),
                                    .standard_error = process::merged});
    // end
    static_cast<void>(made);
}

// snippet: both
std::string through(std::string_view text) {
    auto filter = process::spawn(
        {"gzip"}, {.standard_input = process::piped, .standard_output = process::piped});
    mioco::scope both;
    both.spawn([&] {
        filter.standard_input().write_all(text);
        filter.standard_input().close();  // the end of its input
    });
    std::string packed;
    for (;;) {
        const auto part = filter.standard_output().read_lease();
        if (part.empty()) break;
        packed += part.text();
    }
    both.wait();
    return packed;
}
// end

void start_elsewhere() {
    // snippet: surroundings
    auto server =
        process::spawn({"./server"}, {.directory = "/srv/app",
                                      .variables = {{"PORT", "8080"}, {"DEBUG", std::nullopt}},
                                      .own_group = true});
    // end
}

// snippet: limit
bool stop_kindly(process::child& server) {
    server.kill_group(SIGTERM);
    if (server.wait_for(5s)) return true;
    server.kill_group(SIGKILL);
    server.wait();
    return false;
}
// end

void watch(process::child& server, mioco::receiver<std::string>& commands) {
    // snippet: select
    auto event = mioco::select(server.ended(), commands.receiving(), mioco::after(1h));
    if (event.index() == 0) std::puts(std::get<0>(event).text().c_str());
    // end
}
