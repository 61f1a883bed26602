// SPDX-License-Identifier: MPL-2.0
// What docs/guide/errors.md shows.
#include <cstdio>
#include <string>
#include <system_error>
#include <vector>

#include <mioco/channel.hpp>
#include <mioco/error.hpp>
#include <mioco/net/tcp_stream.hpp>
#include <mioco/runtime.hpp>
#include <mioco/spawn.hpp>

void throwing() {
    // snippet: throwing
    try {
        auto server = mioco::net::tcp_stream::connect("127.0.0.1:9");
    } catch (const std::system_error& e) {
        if (e.code() != std::errc::connection_refused) throw;
        std::puts(e.what());  // names the call and the address
    }
    // end
}

void codes() {
    // snippet: code
    std::error_code ec;
    auto server = mioco::net::tcp_stream::connect("127.0.0.1:9", ec);
    if (ec) std::printf("not there: %s\n", ec.message().c_str());
    // end
}

void partial(mioco::net::tcp_stream& connection) {
    // snippet: partial
    std::vector<char> header(64);
    try {
        connection.read_exactly(header);
    } catch (const mioco::io_error& e) {
        if (e.code() != mioco::errc::end_of_stream) throw;
        std::printf("closed after %zu bytes\n", e.transferred());
    }
    // end
}

void refused(const mioco::sender<std::string>& log) {
    // snippet: refused
    try {
        log.send("last words");
    } catch (const mioco::send_error<std::string>& e) {
        std::puts(e.item().c_str());  // closed; the item is not lost
    }
    // end
}

void joined() {
    // snippet: join
    auto job = mioco::spawn([] { throw std::runtime_error("disk on fire"); });
    try {
        job.join();
    } catch (const std::runtime_error& e) {
        std::puts(e.what());
    }
    // end
}

void serve_until_told();

void policies() {
    // snippet: uncaught
    try {
        mioco::run(mioco::config{}.uncaught(mioco::on_uncaught::rethrow), serve_until_told);
    } catch (const std::exception& e) {
        std::printf("a fiber failed, and all others were ended: %s\n", e.what());
    }
    // end
}
