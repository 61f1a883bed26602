// SPDX-License-Identifier: MPL-2.0
#include "io/uring/file_ring.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/assert.hpp"
#include "debug/log.hpp"
#include "runtime/fork_guard.hpp"
#include "sched/wake.hpp"

namespace mioco::detail {

namespace {

// A child has the memory of its parent's rings, and must not take what is done for the parent.
bool is_forked() noexcept { return in_forked_child.load(std::memory_order_relaxed); }

const char* reason_of(int failure) noexcept {
    switch (failure) {
        case -ENOSYS:
            return "the kernel has none";
        case -EPERM:
        case -EACCES:
            return "it is not allowed (a sandbox, or kernel.io_uring_disabled)";
        case -EMFILE:
        case -ENFILE:
            return "there is no descriptor left";
        case -ENOMEM:
            return "there is no memory left, or no more may be locked";
        case -ENOTSUP:
            return "the kernel's lacks something";
        default:
            return ::strerrordesc_np(-failure);
    }
}

io_uring::submission entry_of(file_operation& wanted) noexcept {
    io_uring::submission made{};
    made.fd = wanted.fd;
    made.user_data = reinterpret_cast<std::uintptr_t>(&wanted);
    if (wanted.is_long) made.flags = io_uring::beside;
    if (wanted.what == file_operation::kind::sync ||
        wanted.what == file_operation::kind::sync_data) {
        made.operation = io_uring::operation_sync;
        if (wanted.what == file_operation::kind::sync_data)
            made.operation_flags = io_uring::sync_data_only;
        return made;
    }
    // As much as read(2) and write(2) move at most.
    constexpr std::size_t most = 0x7ffff000;
    made.operation = wanted.what == file_operation::kind::read ? io_uring::operation_read
                                                               : io_uring::operation_write;
    made.address = reinterpret_cast<std::uintptr_t>(wanted.memory);
    made.size = static_cast<std::uint32_t>(std::min(wanted.size, most));
    made.offset = static_cast<std::uint64_t>(wanted.offset);
    return made;
}

file_operation& operation_of(std::uint64_t user_data) noexcept {
    return *reinterpret_cast<file_operation*>(static_cast<std::uintptr_t>(user_data));
}

}  // namespace

bool files_may_have_ring() {
    const char* const wanted = std::getenv("MIOCO_FILES");
    if (wanted == nullptr || *wanted == '\0') return true;
    const std::string_view how = wanted;
    if (how != "ring" && how != "pool") {
        throw std::invalid_argument("mioco: MIOCO_FILES = \"" + std::string(how) +
                                    "\": allowed is ring or pool");
    }
    return how == "ring";
}

std::unique_ptr<file_ring> file_ring::make() {
    std::unique_ptr<file_ring> made(new file_ring);
    const int failure = made->ring_.open(submissions, completions);
    if (failure == 0) return made;
    MIOCO_LOG("files are read by the pool, as io_uring is not to be had: %s", reason_of(failure));
    return nullptr;
}

file_ring::~file_ring() {
    MIOCO_ASSERT(is_forked() || (queued_.size() == 0 && under_way_ == 0),
                 "a ring goes after its operations");
}

void file_ring::start(file_operation& wanted) noexcept {
    const std::scoped_lock held(lock_);
    queued_.push(wanted);
    has_to_serve_.store(true, std::memory_order_relaxed);
    if (queued_.size() >= queued_at_most) submit_queued();
}

void file_ring::withdraw(file_operation& unwanted) noexcept {
    const std::scoped_lock held(lock_);
    if (unwanted.queued) queued_.remove(unwanted);
}

// Entries for what is queued. Of an operation whose caller was cancelled nothing may be touched once the lock is free. No more are under
// way than there is room for their completions, which the kernel might have no memory for else; what is more than that is for the pool, as
// some may take for ever.
void file_ring::fill() noexcept {
    const waker wake;
    while (queued_.size() > 0 && ring_.pushed() < submissions) {
        file_operation& next = *queued_.pop();
        if (!wake.claim(next.caller)) continue;
        if (under_way_ == completions) {
            give_back(next);
            continue;
        }
        ring_.push(entry_of(next));
        ++under_way_;
    }
}

void file_ring::give_back(file_operation& refused) noexcept {
    refused.result = -EAGAIN;
    returned_.push(refused);
}

void file_ring::submit_queued() noexcept {
    for (;;) {
        fill();
        if (ring_.pushed() == 0) break;
        const int taken = ring_.submit();
        if (taken == 0) return give_up(-EAGAIN);
        if (taken < 0 && taken != -EINTR) return give_up(taken);
    }
    has_to_serve_.store(returned_.size() > 0, std::memory_order_relaxed);
}

// The kernel takes no more: for now, or not at all as a sandbox has been closed meanwhile. What it has not taken was not begun.
void file_ring::give_up(int failure) noexcept {
    if (failure != -EAGAIN && failure != -EBUSY && failure != -ENOMEM) {
        if (!refused_.exchange(true, std::memory_order_relaxed))
            MIOCO_LOG("files are read by the pool from now on, as io_uring is: %s",
                      reason_of(failure));
    }
    while (ring_.pushed() > 0) {
        give_back(operation_of(ring_.take_back().user_data));
        --under_way_;
    }
    const waker wake;
    while (file_operation* const next = queued_.pop()) {
        if (wake.claim(next->caller)) give_back(*next);
    }
}

// Whom to wake.
std::size_t file_ring::take_done(std::span<wait_token> into) noexcept {
    std::size_t count = 0;
    io_uring::completion done{};
    while (count < into.size()) {
        if (file_operation* const returned = returned_.pop()) {
            into[count++] = returned->caller;
            continue;
        }
        if (!ring_.pop(done)) break;
        file_operation& ended = operation_of(done.user_data);
        ended.result = done.result;
        into[count++] = ended.caller;
        --under_way_;
    }
    return count;
}

std::size_t file_ring::serve(std::size_t most) noexcept {
    if (is_forked()) return 0;
    if (!has_to_serve_.load(std::memory_order_relaxed) && !has_more()) return 0;
    std::array<wait_token, wakes_at_once> ended;
    const std::span<wait_token> room(ended.data(), std::min(most, ended.size()));
    std::size_t count = 0;
    {
        const std::scoped_lock held(lock_);
        // First what is done, as the kernel may refuse more while that finds no room; then what is done at once.
        count = take_done(room);
        submit_queued();
        count += take_done(room.subspan(count));
        has_to_serve_.store(returned_.size() > 0, std::memory_order_relaxed);
    }
    const waker wake;
    for (const wait_token each : room.first(count)) wake.complete(each);
    return count;
}

}  // namespace mioco::detail
