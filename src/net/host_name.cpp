// SPDX-License-Identifier: MPL-2.0
#include "net/host_name.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace mioco::detail {

namespace {

bool is_number(std::string_view text) noexcept {
    return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_port(std::string_view text) noexcept {
    std::uint16_t port = 0;
    return std::from_chars(text.data(), text.data() + text.size(), port).ec == std::errc();
}

bool begins_a_name(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Null if nothing is. What getaddrinfo makes of bad numbers is a surprise: of 65616 port 80, of -1 port 65535.
const char* wrong_with(const host_name& name, bool has_port) {
    if (name.host.find('\0') != std::string::npos || name.service.find('\0') != std::string::npos)
        return "there is a zero in it";
    if (name.host.find(':') != std::string::npos && !numeric_endpoint({name.host, "0"}))
        return "the host is no IPv6 address, or that of no such network interface";
    if (!has_port) return name.host.empty() ? "it is empty" : nullptr;
    if (is_number(name.service) && !is_port(name.service))
        return "the port is no number from 0 to 65535";
    if (!begins_a_name(name.service.front())) return "the port is neither a number nor a name";
    return nullptr;
}

struct parts {
    std::string_view host;
    std::optional<std::string_view> port;
    const char* wrong = nullptr;
};

parts split_bracketed(std::string_view text) noexcept {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return {{}, {}, "\"[\" has no \"]\""};
    const std::string_view host = text.substr(1, bracket - 1);
    const std::string_view rest = text.substr(bracket + 1);
    if (host.find(':') == std::string_view::npos)
        return {{}, {}, "what stands in brackets is no IPv6 address"};
    if (rest.empty()) return {host, {}};
    if (!rest.starts_with(':')) return {{}, {}, "no \":port\" after \"]\""};
    return {host, rest.substr(1)};
}

// A host with several colons is an IPv6 address without a port.
parts split_any(std::string_view text) noexcept {
    if (text.find("://") != std::string_view::npos)
        return {{}, {}, "it is a URL, of which only \"host:port\" is wanted"};
    if (text.starts_with('[')) return split_bracketed(text);
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || colon != text.rfind(':')) return {text, {}};
    return {text.substr(0, colon), text.substr(colon + 1)};
}

const char* why_no_port(std::string_view text) noexcept {
    if (text.starts_with('[')) return "no \":port\" after \"]\"";
    if (text.find(':') != std::string_view::npos)
        return "an IPv6 address stands in brackets: \"[::1]:80\"";
    return "no \":port\" at the end";
}

}  // namespace

host_name split_host(std::string_view text, port_part port) {
    const parts found = split_any(text);
    if (found.wrong != nullptr) return {{}, {}, found.wrong};
    if (!found.port && port == port_part::required) return {{}, {}, why_no_port(text)};
    host_name made{std::string(found.host), std::string(found.port.value_or(""))};
    made.wrong = wrong_with(made, found.port.has_value());
    if (made.host.empty()) made.host = "0.0.0.0";
    return made;
}

std::optional<net::endpoint> numeric_endpoint(const host_name& name) {
    const bool is_v6 = name.host.find(':') != std::string::npos;
    const std::string host = is_v6 ? '[' + name.host + ']' : name.host;
    std::error_code ec;
    const auto made =
        net::endpoint::parse(host + ':' + (name.service.empty() ? "0" : name.service), ec);
    if (ec) return std::nullopt;
    return made;
}

}  // namespace mioco::detail
