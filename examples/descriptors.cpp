// SPDX-License-Identifier: MPL-2.0
//
// descriptors [SECONDS]
//
// Numbers the lines of the standard input, a terminal or not, until its end, Ctrl-C, or so many seconds without a line. Ctrl-C comes
// through a signalfd.

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include <sys/signalfd.h>

#include <mioco/mioco.hpp>

#include "number.hpp"

namespace {

// Counts the lines that were written.
class numbered_lines {
public:
    explicit numbered_lines(mioco::async_fd output) : output_(std::move(output)) {}

    void add(std::string_view text) {
        for (const char each : text) {
            line_ += each;
            if (each == '\n') write();
        }
    }
    void end() {
        if (line_.empty()) return;
        line_ += '\n';
        write();
    }
    [[nodiscard]] std::uint64_t count() const { return count_; }

private:
    void write() {
        output_.write_all(std::to_string(++count_) + "  " + line_);
        line_.clear();
    }

    mioco::async_fd output_;
    std::string line_;
    std::uint64_t count_ = 0;
};

// Blocked in this thread, and in those that it will start; else it would end the process.
mioco::async_fd interrupts() {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGINT);
    pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
    return mioco::async_fd::adopt(signalfd(-1, &wanted, SFD_CLOEXEC));
}

void number_all(const mioco::async_fd& interrupts, std::chrono::seconds patience) {
    auto input = mioco::standard_input();
    numbered_lines lines(mioco::standard_output());
    for (;;) {
        const auto event =
            mioco::select(input.readable(), interrupts.readable(), mioco::after(patience));
        if (event.index() != 0) break;
        const auto part = input.read_lease();
        if (part.empty()) break;
        lines.add(part.text());
    }
    lines.end();
    mioco::standard_error().write_all("descriptors: " + std::to_string(lines.count()) + " lines\n");
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const std::chrono::seconds patience(argc > 1 ? number_of(argv[1], "seconds", 0, 86'400)
                                                     : 3600);
        const auto signals = interrupts();
        mioco::run([&] { number_all(signals, patience); });
    } catch (const std::exception& e) {
        std::fprintf(stderr, "descriptors: %s\n", e.what());
        return 1;
    }
    return 0;
}
