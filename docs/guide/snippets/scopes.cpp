// SPDX-License-Identifier: MPL-2.0
// What docs/guide/scopes.md shows.
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <mioco/net/tcp_listener.hpp>
#include <mioco/net/tcp_stream.hpp>
#include <mioco/scope.hpp>
#include <mioco/time.hpp>

struct server {
    std::string address;
    std::string answer;
};
struct user {};
struct order {};

std::string ask(const std::string& address);
user load_user(int id);
std::vector<order> load_orders(int id);
void show(const user& who, const std::vector<order>& what);
void fetch(const std::string& url);
void serve(mioco::net::tcp_stream connection);

// snippet: scope
void ask_all(std::vector<server>& servers) {
    mioco::scope all;
    for (server& each : servers) all.spawn([&each] { each.answer = ask(each.address); });
    all.wait();
}
// end

// snippet: all
void show_orders(int id) {
    const auto [who, orders] =
        mioco::all([&] { return load_user(id); }, [&] { return load_orders(id); });
    show(who, orders);
}
// end

// snippet: race
std::string ask_either(const server& one, const server& other) {
    return mioco::race([&] { return ask(one.address); }, [&] { return ask(other.address); });
}
// end

// snippet: parallel
void fetch_all(const std::vector<std::string>& urls) {
    mioco::parallel_for_each(urls, 20, [](const std::string& url) { fetch(url); });
}
// end

// snippet: fork
std::size_t length_of_both(const server& one, const server& other) {
    mioco::scope all;
    auto first = all.fork(ask, one.address);
    auto second = all.fork(ask, other.address);
    return first.join().size() + second.join().size();
}
// end

// snippet: limit
void serve_a_thousand(mioco::net::tcp_listener& listener) {
    mioco::scope clients(1000, mioco::on_failure::contain);
    for (;;) clients.spawn(serve, listener.accept());
}
// end
