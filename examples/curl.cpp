// SPDX-License-Identifier: MPL-2.0
//
// curl [url...]
//
// Fetches all URLs at once, a fiber each, by libcurl. Without any it fetches from a server of its own: pages, one that is missing, and one that
// never comes, which a deadline ends. curl/transfers.hpp is the bridge.

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <mioco/mioco.hpp>

#include "curl/transfers.hpp"

using namespace std::chrono_literals;
using namespace std::string_view_literals;

namespace {

std::string outcome_of(transfers& by, const std::string& url) {
    try {
        const std::string page = by.fetch(url);
        return url + ": " + std::to_string(page.size()) + " bytes, \"" +
               page.substr(0, page.find('\n')) + '"';
    } catch (const std::exception& e) {
        return e.what();
    }
}

void fetch_all(transfers& by, const std::vector<std::string>& urls) {
    std::vector<std::string> lines(urls.size());
    mioco::scope fetching;
    for (std::size_t i = 0; i < urls.size(); ++i)
        fetching.spawn([&, i] { lines[i] = outcome_of(by, urls[i]); });
    fetching.wait();
    for (const std::string& line : lines) std::puts(line.c_str());
}

void serve(mioco::net::tcp_stream client) {
    std::string request;
    std::error_code ec;  // a client may go
    char buffer[1024];
    while (!request.ends_with("\r\n\r\n")) {
        const std::size_t count = client.read(buffer, ec);
        if (count == 0) return;
        request.append(buffer, count);
    }
    const std::string path = request.substr(4, request.find(' ', 4) - 4);
    if (path == "/silent") {
        client.read(buffer, ec);  // until the client goes
    } else if (path == "/missing") {
        client.write_all("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n"sv, ec);
    } else {
        client.write_all("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\npage " + path, ec);
    }
}

void show(transfers& by) {
    setenv("no_proxy", "127.0.0.1", 1);
    auto listener = mioco::net::tcp_listener::bind("127.0.0.1:0");
    const std::string server = "http://" + listener.local().to_string();
    auto serving = mioco::spawn([listener = std::move(listener)]() mutable {
        for (;;) mioco::spawn(serve, listener.accept());
    });
    fetch_all(by, {server + "/one", server + "/two", server + "/three", server + "/missing"});
    try {
        mioco::with_deadline(50ms, [&] { by.fetch(server + "/silent"); });
    } catch (const std::system_error& e) {
        std::puts(e.what());
    }
    serving.cancel();
}

}  // namespace

int main(int argc, char** argv) {
    try {
        mioco::run([&] {
            transfers by;
            if (argc > 1) {
                fetch_all(by, {argv + 1, argv + argc});
            } else {
                show(by);
            }
        });
    } catch (const std::exception& e) {
        std::fprintf(stderr, "curl: %s\n", e.what());
        return 1;
    }
    return 0;
}
