// SPDX-License-Identifier: MPL-2.0
#include "arguments.hpp"

#include <algorithm>
#include <cctype>
#include <iostream>
#include <string_view>

namespace mioco::load {

std::vector<std::string> split_equals(std::span<const char* const> arguments) {
    std::vector<std::string> split;
    bool options_over = false;
    for (const std::string_view argument : arguments) {
        if (argument == "--") options_over = true;
        const std::string_view name = argument.substr(argument.starts_with("--") ? 1 : 0);
        const bool is_short = name.size() >= 3 && name[0] == '-' && name[2] == '=' &&
                              std::isalpha(static_cast<unsigned char>(name[1])) != 0;
        if (is_short && !options_over) {
            split.emplace_back(name.substr(0, 2));
            split.emplace_back(name.substr(3));
        } else {
            split.emplace_back(argument);
        }
    }
    return split;
}

std::optional<int> parse_arguments(CLI::App& app, std::span<const char* const> arguments,
                                   const std::function<int(const CLI::ParseError&)>& status_of) {
    std::vector<std::string> last_first = split_equals(arguments);
    std::ranges::reverse(last_first);
    try {
        app.parse(std::move(last_first));
        return std::nullopt;
    } catch (const CLI::CallForHelp&) {
        std::cout << app.help();
        return status_ok;
    } catch (const CLI::ParseError& error) {
        const std::string usage = CLI::Formatter().make_usage(&app, app.get_name());
        std::cerr << app.get_name() << ": " << error.what() << "\n"
                  << usage << "Try \"" << app.get_name() << " --help\".\n";
        return status_of(error);
    }
}

}  // namespace mioco::load
