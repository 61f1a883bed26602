// SPDX-License-Identifier: MPL-2.0
#include "echo_options.hpp"

#include <fstream>
#include <stdexcept>

#include "arguments.hpp"

namespace mioco::load {

std::optional<int> parse_echo_options(std::span<const char* const> arguments,
                                      echo_options& options) {
    CLI::App app("Sends messages to an echo server and counts those that come back unchanged.",
                 "benchmark-echo");
    add_number(app, "-t", options.fibers, 1, 100'000, "fibers that run at once [1]");
    add_number(app, "-c", options.connections, 1, 100'000,
               "connections that each opens, one after the other [1]");
    add_number(app, "-e", options.echoes, 1, 1'000'000'000, "echoes on each connection [1]");
    add_number(app, "-p", options.port, 1, 65'535, "the server's port [5555]");
    app.add_option("-f", options.file,
                   "send the content of this file, at most 10240 bytes [\"hello world\"]")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->type_name("FILE");
    app.add_option("serverip", options.host, "the server's address")->required()->type_name("");
    return parse_arguments(app, arguments, [](const CLI::ParseError& error) -> int {
        const bool unknown = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
        return unknown ? int{status_unknown_option} : int{status_bad_arguments};
    });
}

std::string read_message(const echo_options& options) {
    if (options.file.empty()) return "hello world\n";
    std::ifstream file(options.file, std::ios::binary);
    std::string content(max_echo_bytes + 1, '\0');
    file.read(content.data(), static_cast<std::streamsize>(content.size()));
    content.resize(static_cast<std::size_t>(file.gcount()));
    if (!file.is_open() || file.bad())
        throw std::runtime_error("can't read the file \"" + options.file + "\" (-f)");
    if (content.empty() || content.size() > max_echo_bytes) {
        throw std::runtime_error("the file \"" + options.file + "\" (-f) must hold from 1 to " +
                                 std::to_string(max_echo_bytes) + " bytes");
    }
    return content;
}

}  // namespace mioco::load
