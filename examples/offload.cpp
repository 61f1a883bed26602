// SPDX-License-Identifier: MPL-2.0
//
// offload
//
// Ten calls that block their thread, made by ten fibers on one worker: they block at once, and an eleventh fiber runs on
// meanwhile. Then a call that throws, and a scope that blocks.

#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <mioco/mioco.hpp>

using namespace std::chrono_literals;

namespace {

// As from a library that knows nothing of fibers.
std::string look_up(int number) {
    std::this_thread::sleep_for(50ms);
    if (number < 0) throw std::invalid_argument("there is no entry " + std::to_string(number));
    return "entry " + std::to_string(number);
}

void look_up_ten() {
    std::atomic<bool> ended = false;
    auto beside = mioco::spawn([&] {
        int rounds = 0;
        for (; !ended; ++rounds) mioco::sleep_for(1ms);
        return rounds;
    });
    std::vector<mioco::join_handle<std::string>> lookups;
    for (int i = 0; i < 10; ++i)
        lookups.push_back(mioco::spawn([i] { return mioco::offload(look_up, i); }));
    for (auto& each : lookups) std::printf("%s\n", each.join().c_str());
    ended = true;
    std::printf("meanwhile another fiber %s\n", beside.join() > 0 ? "ran" : "was held up");
}

void call_blocking_code() {
    mioco::run(mioco::config{}.workers(1), [] {
        look_up_ten();
        try {
            mioco::offload(look_up, -1);
        } catch (const std::invalid_argument& e) {
            std::printf("a call threw: %s\n", e.what());
        }
        std::size_t length = 0;
        mioco::block_in_place([&] {
            length += look_up(7).size();
            length += look_up(11).size();
        });
        std::printf("%zu characters\n", length);
    });
}

}  // namespace

int main() {
    try {
        call_blocking_code();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "offload: %s\n", e.what());
        return 1;
    }
    return 0;
}
