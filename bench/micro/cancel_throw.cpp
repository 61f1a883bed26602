// SPDX-License-Identifier: MPL-2.0
// From the cancel of a parked fiber to its handler, beside a throw and catch through the same frames of the program, and one by
// a parked fiber that is woken to throw: `cancel_throw [COUNT [DEPTH [AT_ONCE]]]`, so many at once. One alone is timed by a clock that is read fast, many
// by what they take of the processor.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <vector>

#include <mioco/mioco.hpp>

#include "measure.hpp"

namespace {

struct on_the_way {
    std::size_t* passed;
    ~on_the_way() { ++*passed; }
};

std::size_t passed = 0;

// Calls `last` below so many frames, each of which has something to clean up.
[[gnu::noinline]] void descend(std::size_t depth, const std::function<void()>& last) {
    const on_the_way cleanup{&passed};
    if (depth > 1) return descend(depth - 1, last);
    last();
}

class stopwatch {
public:
    explicit stopwatch(std::size_t at_once) : left_(at_once), at_once_(at_once) {}

    void start() { start_ns_ = now(); }
    void one_caught() {
        if (--left_ == 0) end_ns_ = now();
    }
    [[nodiscard]] double each_ns() const {
        return (end_ns_ - start_ns_) / static_cast<double>(at_once_);
    }

private:
    [[nodiscard]] double now() const {
        if (at_once_ > 1) return bench::times::now().cpu_ns;
        const auto time = std::chrono::steady_clock::now().time_since_epoch();
        return std::chrono::duration<double, std::nano>(time).count();
    }

    std::size_t left_;
    std::size_t at_once_;
    double start_ns_ = 0;
    double end_ns_ = 0;
};

void descend_and_catch(std::size_t depth, const std::function<void()>& last, stopwatch& watch) {
    try {
        descend(depth, last);
    } catch (const mioco::fiber_cancelled&) {
        watch.one_caught();
    } catch (int) {
        watch.one_caught();
    }
}

double throw_each(std::size_t at_once, std::size_t depth) {
    stopwatch watch(at_once);
    watch.start();
    for (std::size_t i = 0; i < at_once; ++i) descend_and_catch(depth, [] { throw 1; }, watch);
    return watch.each_ns();
}

// So many fibers wait, until each is cancelled, or woken to throw by itself.
double end_each(std::size_t at_once, std::size_t depth, bool cancels) {
    std::vector<mioco::event> wake_ups(at_once);
    stopwatch watch(at_once);
    std::size_t waiting = 0;
    std::vector<mioco::join_handle<void>> fibers;
    fibers.reserve(at_once);
    for (mioco::event& wake_up : wake_ups) {
        fibers.push_back(mioco::spawn([&] {
            const auto wait = [&] {
                ++waiting;
                wake_up.wait();
                throw 1;
            };
            descend_and_catch(depth, wait, watch);
        }));
    }
    while (waiting < at_once) mioco::yield();
    watch.start();
    if (cancels) {
        for (auto& fiber : fibers) fiber.cancel();
    } else {
        for (mioco::event& wake_up : wake_ups) wake_up.notify();
    }
    for (auto& fiber : fibers) fiber.join();
    return watch.each_ns();
}

double median(std::vector<double>& values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t count = bench::argument(argc, argv, 1, 200'000);
    const std::size_t depth = bench::argument(argc, argv, 2, 1);
    const std::size_t at_once = bench::argument(argc, argv, 3, 1);
    mioco::run(mioco::config{}.workers(1), [&] {
        std::vector<double> thrown;
        std::vector<double> cancelled;
        std::vector<double> woken;
        for (std::size_t done = 0; done < count; done += at_once) {
            thrown.push_back(throw_each(at_once, depth));
            cancelled.push_back(end_each(at_once, depth, true));
            woken.push_back(end_each(at_once, depth, false));
        }
        std::printf(
            "{\"case\": \"cancel_throw\", \"count\": %zu, \"at_once\": %zu, \"throw_ns\": %.1f, "
            "\"cancel_ns\": %.1f, \"woken_ns\": %.1f}\n",
            count, at_once, median(thrown), median(cancelled), median(woken));
    });
}
