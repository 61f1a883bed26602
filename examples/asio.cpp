// SPDX-License-Identifier: MPL-2.0
//
// asio [host]
//
// Boost.Asio in fibers: timers, the addresses of `host` (localhost unless given), and a timer that a deadline ends. asio/loop.hpp is the
// bridge, for any operation of Asio's.

#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <mioco/mioco.hpp>

#include "asio/loop.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

using namespace std::chrono_literals;
using boost::asio::steady_timer;
using boost::asio::ip::tcp;

namespace {

void wait_for(asio_loop& loop, std::chrono::nanoseconds time) {
    await<void>(std::make_shared<steady_timer>(loop.context(), time),
                [](steady_timer& timer, auto done) { timer.async_wait(std::move(done)); });
}

tcp::resolver::results_type addresses_of(asio_loop& loop, const std::string& host) {
    return await<tcp::resolver::results_type>(
        std::make_shared<tcp::resolver>(loop.context()),
        [host](tcp::resolver& by, auto done) { by.async_resolve(host, "80", std::move(done)); });
}

void use_asio(const std::string& host) {
    asio_loop loop;

    mioco::scope waiting;
    for (int i = 0; i < 1000; ++i) waiting.spawn([&] { wait_for(loop, 10ms); });
    waiting.wait();
    std::puts("a thousand fibers have waited for a timer each");

    for (const auto& each : addresses_of(loop, host))
        std::printf("%s is %s\n", host.c_str(), each.endpoint().address().to_string().c_str());

    try {
        mioco::with_deadline(10ms, [&] { wait_for(loop, 1h); });
    } catch (const std::system_error& e) {
        std::printf("%s\n", e.what());
    }
    loop.drain();  // for an hour, if the timer had not been cancelled
    std::puts("Asio has nothing left to do");
}

}  // namespace

int main(int argc, char** argv) {
    try {
        mioco::run([&] { use_asio(argc > 1 ? argv[1] : "localhost"); });
    } catch (const std::exception& e) {
        std::fprintf(stderr, "asio: %s\n", e.what());
        return 1;
    }
    return 0;
}
