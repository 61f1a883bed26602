// SPDX-License-Identifier: MPL-2.0
// What docs/guide/observability.md shows.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>

#include <mioco/config.hpp>
#include <mioco/metrics.hpp>
#include <mioco/net/tcp_listener.hpp>
#include <mioco/no_park.hpp>
#include <mioco/runtime.hpp>
#include <mioco/spawn.hpp>

using namespace std::chrono_literals;

// snippet: scrape
void answer_scrape(mioco::net::tcp_stream connection) {
    connection.read_lease();  // whatever it asks for, there is one answer
    const std::string text = mioco::metrics_text();
    connection.write_all("HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n\r\n" +
                         text);
}

void serve_metrics() {
    auto listener = mioco::net::tcp_listener::bind("127.0.0.1:9100");
    for (;;) mioco::spawn(answer_scrape, listener.accept());
}
// end

void serve();

// snippet: numbers
void tell_how_busy(mioco::runtime& rt) {
    const mioco::runtime_metrics now = rt.metrics();
    std::printf("%zu fibers, %llu waits\n", now.fibers,
                static_cast<unsigned long long>(now.total.parks));
}
// end

// snippet: watch
int main() { mioco::run(mioco::config{}.watchdog(100ms).dump_on_signal(SIGQUIT), serve); }
// end

void update();

// snippet: no-park
std::mutex native_mutex;

void change_registry() {
    const std::scoped_lock held(native_mutex);
    const mioco::this_fiber::no_park guard("holds native_mutex");
    update();  // if it waits, the process ends here, with a message
}
// end
