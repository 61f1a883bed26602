// SPDX-License-Identifier: MPL-2.0
// How late a fiber that slept goes on: `sleep [COUNT [MICROSECONDS]]`, the middle of COUNT times. The same of a plain thread
// with the system's timer slack, and with the least, which is what the system can do.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

#include <sys/prctl.h>
#include <time.h>

#include <mioco/mioco.hpp>

#include "measure.hpp"

namespace {

using clock_type = std::chrono::steady_clock;

// In microseconds.
template <class Sleep>
double middle_lateness(std::size_t count, std::chrono::microseconds asked, Sleep sleep) {
    std::vector<double> late_us;
    for (std::size_t i = 0; i < count; ++i) {
        const auto start = clock_type::now();
        sleep();
        const auto passed = clock_type::now() - start;
        late_us.push_back(std::chrono::duration<double, std::micro>(passed - asked).count());
    }
    const auto middle = late_us.begin() + static_cast<std::ptrdiff_t>(count / 2);
    std::nth_element(late_us.begin(), middle, late_us.end());
    return *middle;
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t count = bench::argument(argc, argv, 1, 1'000);
    const std::chrono::microseconds asked(bench::argument(argc, argv, 2, 1'000));
    const double fiber_us = mioco::run(mioco::config{}.workers(1), [&] {
        return middle_lateness(count, asked, [&] { mioco::sleep_for(asked); });
    });
    const auto of_thread = [&] {
        const timespec wait{.tv_sec = 0, .tv_nsec = asked.count() * 1'000};
        return middle_lateness(count, asked,
                               [&] { clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, nullptr); });
    };
    const double thread_us = of_thread();
    prctl(PR_SET_TIMERSLACK, 1UL);
    std::printf(
        "{\"case\": \"sleep\", \"count\": %zu, \"asked_us\": %zu, \"late_us\": %.2f, "
        "\"thread_us\": %.2f, "
        "\"precise_thread_us\": %.2f}\n",
        count, static_cast<std::size_t>(asked.count()), fiber_us, thread_us, of_thread());
}
