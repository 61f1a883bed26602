// SPDX-License-Identifier: MPL-2.0
//
// channel_sync [seconds [pause]]
//
// A plain thread sends each line of the standard input into two channels that hold five; a fiber takes from whichever has one, and is in
// no hurry: it takes a pause of 2 seconds after each, so that the channels fill and the thread has to wait. When nothing has come for
// 5 seconds it says so. It ends with the input, or with Ctrl-C.

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <mioco/mioco.hpp>

#include "number.hpp"

namespace {

using seconds = std::chrono::duration<double>;
using line_sender = mioco::sender<std::string>;

void read_lines(const line_sender& first, const line_sender& second) {
    for (std::string line;;) {
        std::puts("Enter something:");
        if (!std::getline(std::cin, line)) return;
        first.send(line);
        second.send(line);
    }
}

void print_lines(seconds limit, seconds pause) {
    mioco::stop_on_signal(SIGINT);
    auto [to_first, first] = mioco::channel<std::string>(5);
    auto [to_second, second] = mioco::channel<std::string>(5);
    // Nobody waits for this thread, as it may wait for a line for ever.
    std::thread([a = std::move(to_first), b = std::move(to_second)] {
        try {
            read_lines(a, b);
        } catch (const mioco::send_error<std::string>&) {
            return;  // Ctrl-C has ended the fiber that receives
        }
    }).detach();

    // Nothing instead of a line is the end of that channel.
    const auto print = [&](int number, const std::optional<std::string>& line) {
        if (!line) return;
        std::printf("%d. Reading ...\n", number);
        mioco::sleep_for(pause);
        std::puts(line->c_str());
    };
    while (!first.is_exhausted() || !second.is_exhausted()) {
        mioco::select(
            mioco::on(mioco::after(limit), [] { std::puts("TIMEOUT"); }),
            mioco::when(!first.is_exhausted(),
                        mioco::on(first.receiving(), [&](const auto& line) { print(1, line); })),
            mioco::when(!second.is_exhausted(),
                        mioco::on(second.receiving(), [&](const auto& line) { print(2, line); })));
    }
}

}  // namespace

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // line by line, into a pipe too
    try {
        const auto argument = [&](int index, double otherwise) {
            return seconds(argc > index ? number_of(argv[index], "seconds", 0.0, 86'400.0)
                                        : otherwise);
        };
        mioco::run([&] { print_lines(argument(1, 5), argument(2, 2)); });
    } catch (const std::system_error& e) {
        if (e.code() == std::errc::operation_canceled) return 0;  // Ctrl-C
        std::fprintf(stderr, "channel_sync: %s\n", e.what());
        return 1;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "channel_sync: %s\n", e.what());
        return 1;
    }
    return 0;
}
