// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <memory>

#include <mioco/runtime.hpp>

namespace mioco::detail {

/// What stands behind a runtime. A test puts one with another driver in its place, before anything is spawned.
struct runtime_access {
    static std::unique_ptr<runtime_core>& core(runtime& r) noexcept { return r.core_; }
};

}  // namespace mioco::detail
