// SPDX-License-Identifier: MPL-2.0
//
// filter [program [argument ...]]
//
// Sends some lines through a program, sort unless another one is given, and prints with numbers what comes out: one fiber writes to its
// pipe while another one reads, so that neither has to wait for the whole. Then tells how the program has ended.

#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mioco/mioco.hpp>

namespace process = mioco::process;

namespace {

void write_lines(mioco::pipe_writer to) {
    for (const std::string_view line : {"pear\n", "apple\n", "fig\n", "cherry\n"}) {
        std::error_code ec;
        to.write_all(line, ec);
        if (ec == std::errc::broken_pipe) return;  // it wants no more
        if (ec) throw std::system_error(ec, "write");
    }
}

void print_lines(mioco::pipe_reader& from) {
    std::string unfinished;
    int number = 0;
    for (;;) {
        const auto part = from.read_lease();
        if (part.empty()) break;
        unfinished += part.text();
        for (std::size_t end; (end = unfinished.find('\n')) != std::string::npos;
             unfinished.erase(0, end + 1))
            std::printf("%d %.*s\n", ++number, static_cast<int>(end), unfinished.c_str());
    }
    if (!unfinished.empty()) std::printf("%d %s\n", ++number, unfinished.c_str());
}

void send_through(const std::vector<std::string>& arguments) {
    auto filter = process::spawn(
        arguments, {.standard_input = process::piped, .standard_output = process::piped});
    auto writing = mioco::spawn(write_lines, std::move(filter.standard_input()));
    print_lines(filter.standard_output());
    writing.join();
    std::printf("%s %s\n", arguments.front().c_str(), filter.wait().text().c_str());
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string> arguments(argv + 1, argv + argc);
    if (arguments.empty()) arguments = {"sort"};
    try {
        mioco::run([&] { send_through(arguments); });
    } catch (const std::exception& e) {
        std::fprintf(stderr, "filter: %s\n", e.what());
        return 1;
    }
    return 0;
}
