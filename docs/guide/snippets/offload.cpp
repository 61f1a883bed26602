// SPDX-License-Identifier: MPL-2.0
// What docs/guide/offload.md shows.
#include <netdb.h>

#include <stdexcept>
#include <string>

#include <mioco/config.hpp>
#include <mioco/net/endpoint.hpp>
#include <mioco/offload.hpp>

// snippet: offload
std::string name_of(const mioco::net::endpoint& peer) {
    char name[NI_MAXHOST];
    const int error = mioco::offload(
        [&] { return ::getnameinfo(peer.data(), peer.size(), name, sizeof name, nullptr, 0, 0); });
    if (error != 0) throw std::runtime_error(::gai_strerror(error));
    return name;
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
