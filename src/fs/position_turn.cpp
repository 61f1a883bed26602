// SPDX-License-Identifier: MPL-2.0
#include "fs/position_turn.hpp"

#include <array>
#include <atomic>
#include <system_error>
#include <utility>

#include "fiber/parking.hpp"
#include "runtime/fork_guard.hpp"

namespace mioco::detail {

namespace {

// So many that few programs have two files with the same turn.
constexpr unsigned turns = 256;
constinit std::array<mutex, turns> all_turns;

// Relaxed: who calls just while the first ring is made may be late, as if there had been none.
constinit std::atomic<bool> needed{false};

}  // namespace

void position_turn::need() noexcept {
    if (!needed.load(std::memory_order_relaxed)) needed.store(true, std::memory_order_relaxed);
}

bool position_turn::is_needed() noexcept { return needed.load(std::memory_order_relaxed); }

// In a forked child nobody would give a turn back that was taken in its parent.
position_turn::position_turn(int fd, bool wanted) noexcept {
    if (!wanted || in_forked_child.load(std::memory_order_relaxed)) return;
    mutex& turn = all_turns[static_cast<unsigned>(fd) % turns];
    const cancel_shield until_it_comes;
    try {
        turn.lock();
        taken_ = &turn;
    } catch (const std::system_error&) {
        // A plain thread that gets no descriptor to wait with: it is let in, since its call must not fail for that.
        taken_ = nullptr;
    }
}

void position_turn::give_back() noexcept {
    if (mutex* const taken = std::exchange(taken_, nullptr)) taken->unlock();
}

}  // namespace mioco::detail
