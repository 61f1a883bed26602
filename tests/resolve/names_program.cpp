// SPDX-License-Identifier: MPL-2.0
// Looks one name up, or connects to it, and tells what came of it. For names_test.py, which makes the network.
//   names_program (system|ares) resolve NAME [4|6]
//   names_program (system|ares) connect NAME
//   names_program (system|ares) connect_for|with_deadline NAME MILLISECONDS
//   names_program (system|ares) cancel NAME     when a line comes on the standard input
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>

#include <mioco/mioco.hpp>
#if __has_include(<mioco/ares.hpp>)
#include <mioco/ares.hpp>
#endif

namespace {

using namespace std::chrono_literals;
namespace net = mioco::net;

void look_up_by_ares() {
#if __has_include(<mioco/ares.hpp>)
    // c-ares has another limit for a server than the system, and doubles it from try to try.
    const char* const limit_ms = std::getenv("ANSWER_WITHIN_MS");
    net::set_resolver(mioco::ares::make_resolver(
        {.timeout = limit_ms == nullptr ? 1h : std::chrono::milliseconds(std::atoi(limit_ms)),
         .tries = 1}));
#else
    std::fputs("built without mioco_ares\n", stderr);
    std::exit(1);
#endif
}

void tell(const net::tcp_stream& connected) {
    std::printf("%s\n", connected.peer().to_string().c_str());
}

// The lookup is under way when the line comes; the fiber leaves it, and is joined.
void cancel_lookup(const std::string& name) {
    auto asking = mioco::spawn([&] { net::resolve(name); });
    char line[16];
    if (mioco::standard_input().read(line) == 0) return;
    asking.cancel();
    try {
        asking.join();
        std::puts("it has ended");
    } catch (const std::system_error& e) {
        std::puts(e.code() == std::errc::operation_canceled ? "cancelled" : e.what());
    }
}

void act(std::string_view what, const std::string& name, const char* number) {
    const std::chrono::milliseconds limit(number == nullptr ? 0 : std::atoi(number));
    if (what == "resolve") {
        net::resolve_options wanted;
        if (number != nullptr)
            wanted.family = *number == '4' ? net::ip_family::v4 : net::ip_family::v6;
        for (const auto& each : net::resolve(name, wanted))
            std::printf("%s\n", each.to_string().c_str());
    } else if (what == "connect") {
        const auto began = std::chrono::steady_clock::now();
        tell(net::tcp_stream::connect(name));
        const bool was_at_once = std::chrono::steady_clock::now() - began < 250ms;
        std::puts(was_at_once ? "before the next address's turn" : "later");
    } else if (what == "connect_for") {
        tell(net::tcp_stream::connect_for(name, limit));
    } else if (what == "with_deadline") {
        mioco::with_deadline(limit, [&] { tell(net::tcp_stream::connect(name)); });
    } else {
        cancel_lookup(name);
    }
}

int act_and_tell(char** arguments) {
    try {
        act(arguments[0], arguments[1], arguments[2]);
        return 0;
    } catch (const std::system_error& e) {
        std::printf("%s:%d %s\n", e.code().category().name(), e.code().value(), e.what());
        return 1;
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) return 2;
    const bool by_ares = argv[1] == std::string_view("ares");
    if (by_ares) look_up_by_ares();
    return mioco::run([&] {
        const int status = act_and_tell(argv + 2);
        std::fflush(stdout);
        // Nothing ends the system's lookup, which the runtime's end would wait for.
        if (!by_ares) std::_Exit(status);
        return status;
    });
}
