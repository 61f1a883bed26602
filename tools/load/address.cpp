// SPDX-License-Identifier: MPL-2.0
#include "address.hpp"

#include <charconv>
#include <memory>
#include <string>
#include <system_error>

#include <netdb.h>

#include "errors.hpp"

namespace mioco::load {

namespace {

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
    throw bad_argument("address \"" + std::string(text) + "\": " + why);
}

std::uint16_t parse_port(std::string_view text, const std::string& digits) {
    std::uint16_t port = 0;
    const char* end = digits.data() + digits.size();
    const auto result = std::from_chars(digits.data(), end, port);
    if (result.ec != std::errc() || result.ptr != end || port == 0) {
        refuse(text, "the port must be from 1 to 65535");
    }
    return port;
}

net::endpoint look_up(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
    if (error != 0) refuse(host, ::gai_strerror(error));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    return net::endpoint(found->ai_addr, found->ai_addrlen).with_port(port);
}

}  // namespace

net::endpoint resolve(std::string_view host_and_port) {
    const auto colon = host_and_port.rfind(':');
    if (colon == std::string_view::npos) {
        refuse(host_and_port, "give host:port, such as 127.0.0.1:5555");
    }
    const std::uint16_t port =
        parse_port(host_and_port, std::string(host_and_port.substr(colon + 1)));
    if (colon == 0) return net::endpoint::loopback_v4(port);
    std::error_code not_numeric;
    const net::endpoint numeric = net::endpoint::parse(host_and_port, not_numeric);
    if (!not_numeric) return numeric;
    const std::string_view host = host_and_port.substr(0, colon);
    if (host.find(':') != std::string_view::npos) {
        refuse(host_and_port, "give an IPv6 address as [::1]:5555");
    }
    return look_up(std::string(host), port);
}

net::endpoint resolve(std::string_view host, std::uint16_t port) {
    const bool bare_v6 = host.find(':') != std::string_view::npos && !host.starts_with('[');
    std::string text(bare_v6 ? "[" : "");
    text.append(host).append(bare_v6 ? "]:" : ":").append(std::to_string(port));
    return resolve(text);
}

}  // namespace mioco::load
