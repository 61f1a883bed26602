// SPDX-License-Identifier: MPL-2.0
//
// shutdown
//
// Ends a runtime from outside by a message: 32 fibers of it would yield for ever, and one more waits for the word to shut all of them
// down. (`runtime::stop` does the same without a fiber that waits.)

#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <utility>

#include <mioco/mioco.hpp>

using namespace std::chrono_literals;

namespace {

// What a fiber holds is given back as it unwinds.
struct held {
    explicit held(std::atomic<int>& living) : count(living) { ++count; }
    held(const held&) = delete;
    held& operator=(const held&) = delete;
    ~held() { --count; }
    std::atomic<int>& count;
};

void end_from_outside() {
    std::atomic<int> living = 0;
    std::puts("Spawning mioco instance");
    mioco::runtime instance;
    for (int i = 0; i < 32; ++i) {
        instance.spawn([&] {
            const held one(living);
            for (;;) mioco::yield();
        });
    }
    auto [word, awaited] = mioco::unbounded_channel<bool>();
    instance.spawn([awaited = std::move(awaited)] {
        if (awaited.recv()) mioco::shutdown();
    });

    std::puts("Sleeping");
    mioco::sleep_for(1s);  // on a plain thread: this is no fiber
    std::printf("%d fibers yield\n", living.load());

    std::puts("Terminating mioco instance");
    word.send(true);
    instance.wait();
    std::printf("%d fibers are left\n", living.load());
}

}  // namespace

int main() {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // line by line, into a pipe too
    try {
        end_from_outside();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "shutdown: %s\n", e.what());
        return 1;
    }
    return 0;
}
