// SPDX-License-Identifier: MPL-2.0
// What docs/guide/offload.md shows.
#include <netdb.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>

#include <mioco/config.hpp>
#include <mioco/deadline.hpp>
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

struct position {};
bool is_won(const position& at);
position next_of(const position& at);

// snippet: told
bool wins(position at) {
    return mioco::offload([&](const std::stop_token& stop) {
        while (!stop.stop_requested() && !is_won(at)) at = next_of(at);
        return is_won(at);
    });
}
// end

struct database {};
std::string slow_query(database& of, const std::string& text);

// snippet: abandonable
std::string answer(const std::shared_ptr<database>& of, std::string query) {
    return mioco::with_deadline(std::chrono::seconds(2), [&] {
        return mioco::offload_abandonable(
            [of, query = std::move(query)] { return slow_query(*of, query); });
    });
}
// end

auto pool() {
    // snippet: pool
    return mioco::config{}.offload_threads(8).offload_queue(100);
    // end
}
