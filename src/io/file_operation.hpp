// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "fiber/wait_word.hpp"

namespace mioco::detail {

/// An operation on a file that a poller carries out, see poller::start. It lies in the frame of the fiber that waits for it. Until
/// the poller has claimed that wait a cancel may end it, and the operation is not begun; from then on the frame, and the memory that
/// is read or written, stay until it is done.
struct file_operation {
    enum class kind : std::uint8_t { read, write, sync, sync_data };

    kind what;
    int fd;
    std::byte* memory = nullptr;
    std::size_t size = 0;
    std::int64_t offset = 0;
    /// May take long even if it waits for nothing: not for a worker's thread.
    bool is_long = false;
    wait_token caller{};
    /// A count, or a negative errno value.
    std::int64_t result = 0;

    // The poller's, under its lock.
    file_operation* before = nullptr;
    file_operation* after = nullptr;
    bool queued = false;
};

}  // namespace mioco::detail
