// SPDX-License-Identifier: MPL-2.0
#include <utility>

#include <mioco/scheduler.hpp>

namespace mioco {

namespace {

class in_turn final : public scheduler {
public:
    explicit in_turn(const worker_place& at) noexcept : next_(at.number), count_(at.count) {}

    void spawned(ready_fiber fiber) override {
        fiber.place_on(std::exchange(next_, (next_ + 1) % count_));
    }

    void ready(ready_fiber fiber) override { fiber.resume(); }

private:
    unsigned next_;
    unsigned count_;
};

}  // namespace

std::unique_ptr<scheduler> round_robin(const worker_place& at) {
    return std::make_unique<in_turn>(at);
}

}  // namespace mioco
