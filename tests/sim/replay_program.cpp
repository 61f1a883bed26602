// SPDX-License-Identifier: MPL-2.0
#include <cstdio>
#include <stdexcept>

#include <mioco/sim.hpp>

// Explores a program that goes wrong with some seeds, and prints what it is told: for replay_test.cpp.

int main() {
    try {
        mioco::sim::explore(1000, [] {
            if (mioco::sim::random_below(20) == 7) throw std::runtime_error("seven");
        });
    } catch (const mioco::sim::failure& e) {
        std::puts(e.what());
    }
}
