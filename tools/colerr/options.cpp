// SPDX-License-Identifier: MPL-2.0
#include "options.hpp"

#include <cstdlib>
#include <memory>
#include <string_view>

#include <unistd.h>
#include <CLI/CLI.hpp>

namespace colerr {

namespace {

// A terminal that understands it, and nobody who asks for none (no-color.org).
bool wants_color() {
    const char* const refused = std::getenv("NO_COLOR");
    const char* const terminal = std::getenv("TERM");
    return isatty(STDOUT_FILENO) == 1 && (refused == nullptr || *refused == '\0') &&
           (terminal == nullptr || std::string_view(terminal) != "dumb");
}

// Where the command begins: all from there on is its own, options too.
int first_of_command(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        if (argument == "--") return i + 1;
        if (argument == "--color") {
            ++i;  // and its value
        } else if (!argument.starts_with('-')) {
            return i;
        }
    }
    return argc;
}

class own_usage : public CLI::Formatter {
public:
    std::string make_usage(const CLI::App*, std::string) const override {
        return "Usage: colerr [--color=WHEN] [--] COMMAND [ARGUMENT...]\n";
    }
};

}  // namespace

std::optional<options> parse(int argc, char** argv, int& status) {
    CLI::App app(
        "Runs a command and shows its standard error in red, between its standard output, on\n"
        "standard output.");
    app.name("colerr");
    std::string when = "auto";
    app.add_option("--color", when,
                   "whether to color: auto is on a terminal, unless NO_COLOR is set")
        ->check(CLI::IsMember({"always", "never", "auto"}))
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->type_name("WHEN")
        ->capture_default_str();
    app.formatter(std::make_shared<own_usage>());
    app.footer(
        "Exits as the command does, by a signal if that did; with 127 if there is no such command, "
        "126\n"
        "if it cannot be run, 125 if colerr itself fails.");
    const int begin = first_of_command(argc, argv);
    try {
        int last = begin;
        if (last > 1 && std::string_view(argv[last - 1]) == "--") --last;
        app.parse(last, argv);
        if (begin >= argc) throw CLI::RequiredError("COMMAND");
    } catch (const CLI::ParseError& e) {
        status = app.exit(e) == 0 ? 0 : own_failure;
        return std::nullopt;
    }
    options read;
    read.color = when == "always" || (when == "auto" && wants_color());
    read.command.assign(argv + begin, argv + argc);
    return read;
}

}  // namespace colerr
