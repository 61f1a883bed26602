// SPDX-License-Identifier: MPL-2.0
// What docs/guide/schedulers.md shows.
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <mioco/config.hpp>
#include <mioco/runtime.hpp>
#include <mioco/scheduler.hpp>

void serve();

void chosen() {
    // snippet: round-robin
    mioco::run(mioco::config{}.scheduler(mioco::round_robin), serve);
    // end
}

// snippet: own
class newest_first : public mioco::scheduler {
    void spawned(mioco::ready_fiber fiber) override { waiting_.push_back(std::move(fiber)); }
    void ready(mioco::ready_fiber fiber) override { waiting_.push_back(std::move(fiber)); }

    void tick() override {
        if (waiting_.empty()) return;
        auto next = std::move(waiting_.back());
        waiting_.pop_back();
        next.resume();
    }

    std::optional<std::chrono::nanoseconds> timeout() override {
        if (waiting_.empty()) return std::nullopt;
        return std::chrono::nanoseconds(0);
    }

    std::vector<mioco::ready_fiber> waiting_;
};
// end

void own() {
    // snippet: use
    const auto settings = mioco::config{}.scheduler(
        [](const mioco::worker_place&) { return std::make_unique<newest_first>(); });
    mioco::run(settings, serve);
    // end
}

// snippet: placing
struct tenant {
    unsigned number;
};

class by_tenant : public mioco::scheduler {
public:
    explicit by_tenant(const mioco::worker_place& at) : at_(at) {}

private:
    void spawned(mioco::ready_fiber fiber) override {
        const auto whose = fiber.data<tenant>();
        fiber.place_on(whose == nullptr ? at_.number : whose->number % at_.count);
    }

    void ready(mioco::ready_fiber fiber) override { fiber.resume(); }  // placed here, or woken

    mioco::worker_place at_;
};
// end
