// SPDX-License-Identifier: MPL-2.0
// What docs/guide/offload.md shows.
#include <netdb.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include <mioco/config.hpp>
#include <mioco/net/endpoint.hpp>
#include <mioco/offload.hpp>

// snippet: offload
mioco::net::endpoint look_up(const std::string& host, std::uint16_t port) {
    addrinfo* found = nullptr;
    const int error =
        mioco::offload([&] { return ::getaddrinfo(host.c_str(), nullptr, nullptr, &found); });
    if (error != 0) throw std::runtime_error(::gai_strerror(error));
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
    return mioco::net::endpoint(found->ai_addr, found->ai_addrlen).with_port(port);
}
// end

struct document {};
void legacy_check(document& what);
void legacy_save(const document& what);
int factorial(int n);

// snippet: arguments
int twice(int n) {
    return 2 * mioco::offload(factorial, n);  // the result, or what it threw
}
// end

// snippet: block-in-place
void save(document& draft) {
    mioco::block_in_place([&] {
        legacy_check(draft);
        legacy_save(draft);
    });
}
// end

auto pool() {
    // snippet: pool
    return mioco::config{}.offload_threads(8).offload_queue(100);
    // end
}
