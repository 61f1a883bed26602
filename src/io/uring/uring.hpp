// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "io/uring/abi.hpp"

namespace mioco::detail {

/// An io_uring: two queues in memory that is shared with the kernel. For one thread at a time, whichever, but for
/// `has_completions`.
class uring {
public:
    uring() = default;
    ~uring();
    uring(const uring&) = delete;
    uring& operator=(const uring&) = delete;

    /// Once. 0, or a negative errno value: -ENOTSUP if the kernel lacks something that is used here.
    int open(unsigned submissions, unsigned completions) noexcept;
    [[nodiscard]] int descriptor() const noexcept { return fd_; }

    /// False: the queue has no room.
    bool push(const io_uring::submission& wanted) noexcept;
    /// Entries that the kernel has not taken yet.
    [[nodiscard]] unsigned pushed() const noexcept;
    /// Has the kernel take entries: how many, or a negative errno value.
    [[nodiscard]] int submit() const noexcept;
    /// Takes back an entry that the kernel has not taken; the last one first.
    io_uring::submission& take_back() noexcept;

    /// [any thread] Whether there were any; what came before is seen then.
    [[nodiscard]] bool has_completions() const noexcept;
    /// Takes the next one; false if there is none.
    bool pop(io_uring::completion& done) noexcept;

private:
    // A word of the shared memory. The kernel reads what lies before a tail or a head after it has read that, with acquire, and
    // writes it with release; so do we.
    using shared_word = std::atomic_ref<std::uint32_t>;
    static std::uint32_t load(std::uint32_t* word) noexcept {
        return shared_word(*word).load(std::memory_order_acquire);
    }
    static void store(std::uint32_t* word, std::uint32_t value) noexcept {
        shared_word(*word).store(value, std::memory_order_release);
    }
    [[nodiscard]] std::uint32_t* word_at(std::uint32_t offset) const noexcept;
    int map(const io_uring::parameters& got) noexcept;
    [[nodiscard]] int check(const io_uring::parameters& got) const noexcept;

    int fd_ = -1;
    std::byte* queues_ = nullptr;
    std::size_t queues_size_ = 0;

    io_uring::submission* submissions_ = nullptr;
    std::size_t submissions_size_ = 0;
    std::uint32_t submission_count_ = 0;
    std::uint32_t* submission_head_ = nullptr;  // the kernel's
    std::uint32_t* submission_tail_ = nullptr;  // ours
    std::uint32_t* flags_ = nullptr;            // the kernel's

    io_uring::completion* completions_ = nullptr;
    std::uint32_t completion_mask_ = 0;
    std::uint32_t* completion_head_ = nullptr;  // ours
    std::uint32_t* completion_tail_ = nullptr;  // the kernel's
};

}  // namespace mioco::detail
