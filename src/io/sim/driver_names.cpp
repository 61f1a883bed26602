// SPDX-License-Identifier: MPL-2.0
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <arpa/inet.h>
#include <netdb.h>

#include "io/sim/sim_driver.hpp"

// Names: those of the hosts, as if a name server far away knew them, and what each host knows itself.

namespace mioco::detail::sim {

namespace {

// None of the machine's own, so that a run depends on the seed alone.
constexpr std::pair<std::string_view, std::uint16_t> services[] = {
    {"echo", 7}, {"domain", 53}, {"http", 80}, {"https", 443}};

bool read_port(std::string_view service, std::uint16_t& into) {
    into = 0;
    if (service.empty()) return true;
    const auto [end, error] =
        std::from_chars(service.data(), service.data() + service.size(), into);
    if (error == std::errc() && end == service.data() + service.size()) return true;
    for (const auto& [name, number] : services) {
        if (name != service) continue;
        into = number;
        return true;
    }
    return false;
}

std::optional<ip_address> numeric(const std::string& host) {
    std::uint8_t four[4];
    if (inet_pton(AF_INET, host.c_str(), four) == 1)
        return ip_address::v4(four[0], four[1], four[2], four[3]);
    ip_address six;
    if (inet_pton(AF_INET6, host.c_str(), six.bytes.data()) == 1) return six;
    return std::nullopt;
}

int family_of(const ip_address& ip) noexcept { return ip.is_v4() ? AF_INET : AF_INET6; }

}  // namespace

int sim_driver::addresses_of(const name_query& what, std::vector<ip_address>& into) noexcept {
    if (const auto ip = numeric(what.host)) {
        into = {*ip};
    } else if (what.host == "localhost") {
        into = {ip_address::loopback(false), ip_address::loopback(true)};
    } else {
        sleep_until(in_.now() + in_.net().draw_from(in_.wanted().lookup_latency));
        if (in_.chance(in_.faults().failed_lookup)) return EAI_AGAIN;
        const auto owner = in_.net().find(what.host);
        if (!owner) return EAI_NONAME;
        const sim::host& named = in_.net().at(*owner);
        into = {named.v6, named.v4};
        if (in_.below(2) == 0) std::swap(into[0], into[1]);
    }
    std::erase_if(into, [&](const ip_address& each) {
        return what.family != AF_UNSPEC && what.family != family_of(each);
    });
    return into.empty() ? EAI_ADDRFAMILY : 0;
}

int sim_driver::look_up(const name_query& what, std::vector<found_address>& found) noexcept {
    std::vector<ip_address> all;
    std::uint16_t port = 0;
    const int failure = read_port(what.service, port) ? addresses_of(what, all) : EAI_SERVICE;
    in_.note(in_.current_host(), act::look_up, all.size(), failure);
    if (failure != 0) return failure;
    for (const ip_address& each : all) {
        found_address& made = found.emplace_back();
        made.size = write_address({each, port}, family_of(each), made.storage);
    }
    return 0;
}

}  // namespace mioco::detail::sim
