// SPDX-License-Identifier: MPL-2.0
#include <mioco/runtime.hpp>

#include <chrono>

#include "runtime/runtime_core.hpp"

namespace mioco {

runtime::runtime(const config& settings)
    : core_(std::make_unique<detail::runtime_core>(settings)) {}

runtime::~runtime() = default;

void runtime::stop() noexcept { core_->request_stop(); }

void runtime::wait() { core_->wait(); }

bool runtime::shut_down_by(detail::steady::time_point deadline) {
    return core_->shut_down(std::chrono::nanoseconds(deadline.time_since_epoch()).count());
}

runtime_metrics runtime::metrics() const { return core_->metrics(); }

unsigned runtime::worker_count() const noexcept { return core_->worker_count(); }

runtime::drive_guard::drive_guard(runtime& r) : core_(*r.core_), driving_(core_.begin_to_drive()) {}

runtime::drive_guard::~drive_guard() {
    if (driving_) core_.drive();
}

void runtime::drive_guard::finish() {
    if (driving_) core_.drive();
    driving_ = false;
    core_.wait();
}

}  // namespace mioco
