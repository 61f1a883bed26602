// SPDX-License-Identifier: MPL-2.0
#include <chrono>
#include <csignal>

#include <mioco/mioco.hpp>

// Fibers that wait, for gdb to look at. When all do, it ends by a signal, of which gdb tells.

namespace debugged {

using namespace std::chrono_literals;

[[gnu::noinline]] void receives(mioco::receiver<int>& from, int depth) {
    if (depth > 0) {
        receives(from, depth - 1);
    } else {
        static_cast<void>(from.recv());
    }
    asm volatile("");  // no jump in place of a call
}

[[gnu::noinline]] void sleeps() {
    mioco::sleep_for(1h);
    asm volatile("");
}

[[gnu::noinline]] void stops_the_process() {
    mioco::spawn({.name = "unborn"}, [] {}).detach();  // there is one worker, which is here
    std::raise(SIGABRT);
    asm volatile("");
}

}  // namespace debugged

int main() {
    mioco::run(mioco::config{}.workers(1).deadlocks(mioco::on_deadlock::ignore), [] {
        auto [sender, receiver] = mioco::channel<int>(0);
        auto waits = mioco::spawn({.name = "receives"}, [&] { debugged::receives(receiver, 3); });
        auto dozes = mioco::spawn({.name = "sleeps"}, debugged::sleeps);
        // They must wait before the process stops, in whatever order they begin.
        while (mioco::dump_text().find("\"receives\" of mioco: waits for") == std::string::npos ||
               mioco::dump_text().find("\"sleeps\" of mioco: waits for") == std::string::npos)
            mioco::yield();
        mioco::spawn({.name = "stops"}, debugged::stops_the_process).join();
    });
}
