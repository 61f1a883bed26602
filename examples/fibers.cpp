// SPDX-License-Identifier: MPL-2.0
//
// fibers
//
// Spawning, joining and sleeping: adds up what a thousand fibers return, and shows what becomes of one that throws.

#include <chrono>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <vector>

#include <mioco/mioco.hpp>

using namespace std::chrono_literals;

namespace {

void add_up() {
    const int total = mioco::run([] {
        std::vector<mioco::join_handle<int>> numbers;
        for (int i = 1; i <= 1000; ++i) {
            numbers.push_back(mioco::spawn([i] {
                mioco::sleep_for(1ms);  // all of them at once
                return i;
            }));
        }
        int sum = 0;
        for (auto& number : numbers) sum += number.join();

        auto failing =
            mioco::spawn({.name = "failing"}, [] { throw std::runtime_error("out of luck"); });
        try {
            failing.join();
        } catch (const std::runtime_error& e) {
            std::printf("a fiber threw: %s\n", e.what());
        }
        return sum;
    });
    std::printf("a thousand fibers returned %d in all\n", total);
}

}  // namespace

int main() {
    try {
        add_up();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "fibers: %s\n", e.what());
        return 1;
    }
    return 0;
}
