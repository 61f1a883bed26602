// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <mioco/mutex.hpp>

namespace mioco::detail {

/// One call after the other at a file's position. The kernel has read(2), write(2) and lseek(2) take turns there, but not what it is asked
/// for by an io_uring: two writes would go to the same place. So while an io_uring is in use all calls in this process take turns
/// here. Whoever has the turn and waits does so for a regular file only, whose device answers: a turn is for all descriptors
/// with the same remainder. Nothing ends the wait for it.
class position_turn {
public:
    /// Waits, if `wanted`.
    position_turn(int fd, bool wanted) noexcept;
    ~position_turn() { give_back(); }
    position_turn(const position_turn&) = delete;
    position_turn& operator=(const position_turn&) = delete;

    void give_back() noexcept;

    /// From here on turns are needed.
    static void need() noexcept;
    [[nodiscard]] static bool is_needed() noexcept;

private:
    mutex* taken_ = nullptr;
};

}  // namespace mioco::detail
