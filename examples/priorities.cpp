// SPDX-License-Identifier: MPL-2.0
// A scheduler of one's own: of the fibers that can run, those with the highest priority go first, and no other runs while
// one of them can. A fiber's priority is its data, which its children inherit.
//
//     make priorities
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <mioco/mioco.hpp>

namespace {

enum class priority { low, normal, high };

class strict_priorities : public mioco::scheduler {
    struct waiting {
        priority urgency;
        unsigned long arrival;
        mioco::ready_fiber fiber;

        // Of two that are as urgent, the one that came first.
        bool operator<(const waiting& other) const {
            if (urgency != other.urgency) return urgency < other.urgency;
            return arrival > other.arrival;
        }
    };

    void spawned(mioco::ready_fiber fiber) override { keep(std::move(fiber)); }
    void ready(mioco::ready_fiber fiber) override { keep(std::move(fiber)); }

    void keep(mioco::ready_fiber fiber) {
        const auto given = fiber.data<priority>();
        const priority urgency = given != nullptr ? *given : priority::normal;
        heap_.push_back({urgency, arrivals_++, std::move(fiber)});
        std::push_heap(heap_.begin(), heap_.end());
    }

    // One at a time: what it wakes may be more urgent than what is left.
    void tick() override {
        if (heap_.empty()) return;
        std::pop_heap(heap_.begin(), heap_.end());
        heap_.back().fiber.resume();
        heap_.pop_back();
    }

    // Who keeps fibers that could run wants to be asked again soon.
    [[nodiscard]] std::optional<std::chrono::nanoseconds> timeout() override {
        if (heap_.empty()) return std::nullopt;
        return std::chrono::nanoseconds(0);
    }

    std::vector<waiting> heap_;
    unsigned long arrivals_ = 0;
};

void work(const std::string& name, int steps) {
    for (int i = 1; i <= steps; ++i) {
        std::printf("%s: step %d\n", name.c_str(), i);
        mioco::yield();  // to whoever is as urgent, or more
    }
}

void spawn_with(priority urgency, const char* name, int steps) {
    mioco::this_fiber::set_children_data(urgency);
    mioco::spawn({.name = name}, work, std::string(name), steps);
}

void run_by_priority() {
    // One worker, so that there is one order.
    auto settings = mioco::config{}.workers(1).scheduler(
        [](const mioco::worker_place&) { return std::make_unique<strict_priorities>(); });
    mioco::run(settings, [] {
        spawn_with(priority::low, "clean up", 2);
        spawn_with(priority::normal, "serve A", 2);
        spawn_with(priority::normal, "serve B", 2);
        spawn_with(priority::high, "alarm", 2);
    });
}

}  // namespace

int main() {
    try {
        run_by_priority();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "priorities: %s\n", e.what());
        return 1;
    }
    return 0;
}
