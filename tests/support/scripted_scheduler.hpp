// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <mioco/scheduler.hpp>

namespace mioco_test {

/// What a scheduler does in each call; by default fibers run at once where they are. All workers use the same functions.
struct schedule_script {
    std::function<void(mioco::ready_fiber)> spawned = [](mioco::ready_fiber f) { f.resume(); };
    std::function<void(mioco::ready_fiber)> ready = [](mioco::ready_fiber f) { f.resume(); };
    std::function<void()> tick = [] {};
    std::function<std::optional<std::chrono::nanoseconds>()> timeout = [] { return std::nullopt; };
};

class scripted_scheduler : public mioco::scheduler {
public:
    explicit scripted_scheduler(const schedule_script& script) : script_(script) {}
    void spawned(mioco::ready_fiber f) override { script_.spawned(std::move(f)); }
    void ready(mioco::ready_fiber f) override { script_.ready(std::move(f)); }
    void tick() override { script_.tick(); }
    [[nodiscard]] std::optional<std::chrono::nanoseconds> timeout() override {
        return script_.timeout();
    }

private:
    const schedule_script& script_;
};

/// For `config::scheduler`. The script must outlive the runtime.
inline mioco::scheduler_factory scheduler_of(const schedule_script& script) {
    return [&script](const mioco::worker_place&) {
        return std::make_unique<scripted_scheduler>(script);
    };
}

}  // namespace mioco_test
