// SPDX-License-Identifier: MPL-2.0
#include <mioco/net/endpoint.hpp>

#include <charconv>
#include <cstring>
#include <optional>
#include <tuple>

#include <arpa/inet.h>
#include <net/if.h>

namespace mioco::net {

namespace {

struct parsed {
    endpoint value;
    const char* wrong = nullptr;  // what, for a message
};

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return port;
}

// inet_pton and if_nametoindex want a terminated string; nothing valid is longer than this, or holds a zero.
class short_text {
public:
    explicit short_text(std::string_view text) noexcept
        : fits_(text.size() < sizeof text_ && text.find('\0') == std::string_view::npos) {
        if (fits_) text.copy(text_, text.size());
    }
    [[nodiscard]] bool fits() const noexcept { return fits_; }
    [[nodiscard]] const char* c_str() const noexcept { return text_; }

private:
    char text_[64] = {};
    bool fits_;
};

endpoint from_v4(const in_addr& address, std::uint16_t port) noexcept {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr = address;
    return endpoint(v4);
}

endpoint from_v6(const in6_addr& address, std::uint32_t scope, std::uint16_t port) noexcept {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_addr = address;
    v6.sin6_scope_id = scope;
    return endpoint(v6);
}

std::optional<std::uint32_t> parse_scope(std::string_view text) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) return number;
    const short_text name(text);
    number = name.fits() ? if_nametoindex(name.c_str()) : 0;
    if (number == 0) return std::nullopt;
    return number;
}

parsed parse_v6(std::string_view text) {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return {{}, "\"[\" has no \"]\""};
    std::string_view host = text.substr(1, bracket - 1);
    const std::string_view rest = text.substr(bracket + 1);
    if (!rest.starts_with(':')) return {{}, "no \":port\" after \"]\""};
    const auto port = parse_port(rest.substr(1));
    if (!port) return {{}, "the port is no number from 0 to 65535"};
    std::uint32_t scope = 0;
    if (const std::size_t percent = host.find('%'); percent != std::string_view::npos) {
        const auto number = parse_scope(host.substr(percent + 1));
        if (!number) return {{}, "no such network interface"};
        scope = *number;
        host = host.substr(0, percent);
    }
    const short_text address_text(host);
    in6_addr address{};
    if (!address_text.fits() || inet_pton(AF_INET6, address_text.c_str(), &address) != 1) {
        return {{}, "what stands in brackets is no IPv6 address"};
    }
    return {from_v6(address, scope, *port)};
}

parsed parse_any(std::string_view text) {
    if (text.starts_with('[')) return parse_v6(text);
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return {{}, "no \":port\" at the end"};
    const std::string_view host = text.substr(0, colon);
    if (host.find(':') != std::string_view::npos)
        return {{}, "an IPv6 address stands in brackets: \"[::1]:80\""};
    const auto port = parse_port(text.substr(colon + 1));
    if (!port) return {{}, "the port is no number from 0 to 65535"};
    in_addr address{};
    if (host.empty()) return {from_v4(address, *port)};
    const short_text address_text(host);
    if (!address_text.fits() || inet_pton(AF_INET, address_text.c_str(), &address) != 1) {
        return {
            {},
            "it is no numeric address, as \"127.0.0.1\" is; mioco::net::resolve looks names up"};
    }
    return {from_v4(address, *port)};
}

}  // namespace

endpoint::endpoint() noexcept : address_{} { address_.v4.sin_family = AF_INET; }

endpoint::endpoint(const sockaddr_in& address) noexcept : address_{.v4 = address} {}

endpoint::endpoint(const sockaddr_in6& address) noexcept : address_{.v6 = address} {}

endpoint::endpoint(const sockaddr* address, socklen_t length) : endpoint() {
    if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
        std::memcpy(&address_.v4, address, sizeof(sockaddr_in));
    } else if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
        std::memcpy(&address_.v6, address, sizeof(sockaddr_in6));
    } else {
        throw std::system_error(
            std::make_error_code(std::errc::address_family_not_supported),
            "mioco: an endpoint is IPv4 or IPv6, not family " + std::to_string(address->sa_family));
    }
}

endpoint endpoint::parse(std::string_view text) {
    const parsed result = parse_any(text);
    if (result.wrong == nullptr) return result.value;
    throw std::system_error(std::make_error_code(std::errc::invalid_argument),
                            "mioco: endpoint \"" + std::string(text) + "\": " + result.wrong);
}

endpoint endpoint::parse(std::string_view text, std::error_code& ec) noexcept {
    const parsed result = parse_any(text);
    ec = result.wrong == nullptr ? std::error_code()
                                 : std::make_error_code(std::errc::invalid_argument);
    return result.value;
}

endpoint endpoint::loopback_v4(std::uint16_t port) noexcept {
    return from_v4({htonl(INADDR_LOOPBACK)}, port);
}

endpoint endpoint::loopback_v6(std::uint16_t port) noexcept {
    return from_v6(in6addr_loopback, 0, port);
}

std::string endpoint::address_string() const {
    char text[INET6_ADDRSTRLEN] = {};
    if (!is_v6()) return inet_ntop(AF_INET, &address_.v4.sin_addr, text, sizeof text);
    std::string address = inet_ntop(AF_INET6, &address_.v6.sin6_addr, text, sizeof text);
    if (address_.v6.sin6_scope_id == 0) return address;
    char name[IF_NAMESIZE] = {};
    const char* const found = if_indextoname(address_.v6.sin6_scope_id, name);
    return address + '%' +
           (found != nullptr ? std::string(found) : std::to_string(address_.v6.sin6_scope_id));
}

std::string endpoint::to_string() const {
    const std::string address = address_string();
    return (is_v6() ? '[' + address + ']' : address) + ':' + std::to_string(port());
}

std::uint16_t endpoint::port() const noexcept {
    return ntohs(is_v6() ? address_.v6.sin6_port : address_.v4.sin_port);
}

endpoint endpoint::with_port(std::uint16_t port) const noexcept {
    endpoint changed = *this;
    (is_v6() ? changed.address_.v6.sin6_port : changed.address_.v4.sin_port) = htons(port);
    return changed;
}

std::strong_ordering operator<=>(const endpoint& a, const endpoint& b) noexcept {
    if (a.is_v6() != b.is_v6())
        return a.is_v6() ? std::strong_ordering::greater : std::strong_ordering::less;
    if (!a.is_v6()) {
        const auto key = [](const endpoint& e) {
            return std::tuple(ntohl(e.address_.v4.sin_addr.s_addr), e.port());
        };
        return key(a) <=> key(b);
    }
    const auto& first = a.address_.v6;
    const auto& second = b.address_.v6;
    const int address = std::memcmp(&first.sin6_addr, &second.sin6_addr, sizeof first.sin6_addr);
    if (address != 0) return address <=> 0;
    return std::tuple(a.port(), first.sin6_scope_id) <=> std::tuple(b.port(), second.sin6_scope_id);
}

}  // namespace mioco::net
