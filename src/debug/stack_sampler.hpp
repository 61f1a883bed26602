// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <span>

#include "context/interrupted_calls.hpp"
#include "sched/worker.hpp"

namespace mioco::detail {

/// Where a thread is that runs a fiber: a signal's handler in that thread copies its registers and the fiber's stack, and no more, as the
/// thread may be anywhere, in an allocation or in the unwinder; whoever asked walks the copy.
class stack_sampler {
public:
    /// While any lives the handler is installed. Throws std::bad_alloc.
    class use {
    public:
        use();
        ~use();
        use(const use&) = delete;
        use& operator=(const use&) = delete;
    };

    struct sample {
        interrupted_place place;
        std::span<const std::uint64_t> frames;
        std::unique_lock<std::mutex> held;  // while the sample is used
    };
    /// [user, plain thread] Of a worker that does this. Nothing if it does something else now, or does not answer within a second.
    static std::optional<sample> take(worker& on, const worker::activity& doing) noexcept;
};

}  // namespace mioco::detail
