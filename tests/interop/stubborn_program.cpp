// SPDX-License-Identifier: MPL-2.0
//
// Says what happens to it at the first SIGINT, but does not end: one of its fibers computes for ever.

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>

#include <mioco/mioco.hpp>

namespace {

std::atomic<bool> computing{false};

void compute_for_ever() {
    computing = true;
    while (computing) {
    }
}

void wait_for_the_signal() {
    mioco::stop_on_signal(SIGINT);
    auto endless = mioco::spawn(compute_for_ever);
    while (!computing) mioco::yield();
    std::puts("computing");
    std::fflush(stdout);
    try {
        mioco::sleep_for(std::chrono::hours(1));
    } catch (const mioco::fiber_cancelled&) {
        std::puts("stopping");
        std::fflush(stdout);
        throw;
    }
}

}  // namespace

int main() { mioco::run(mioco::config{}.workers(2), wait_for_the_signal); }
