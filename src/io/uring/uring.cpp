// SPDX-License-Identifier: MPL-2.0
#include "io/uring/uring.hpp"

#include <algorithm>
#include <cerrno>

#include "base/sys.hpp"

namespace mioco::detail {

namespace {

constexpr std::uint32_t needed_features =
    io_uring::feature_single_mapping | io_uring::feature_no_drop | io_uring::feature_submit_stable |
    io_uring::feature_position;

bool has_operations(int fd) noexcept {
    io_uring::probe found{};
    if (sys::ring_register(fd, io_uring::register_probe, &found, io_uring::probe::most_operations) <
        0)
        return false;
    const auto has = [&](std::uint8_t operation) {
        return operation < found.count &&
               (found.operations[operation].flags & io_uring::probe_supported) != 0;
    };
    return has(io_uring::operation_read) && has(io_uring::operation_write) &&
           has(io_uring::operation_sync);
}

}  // namespace

uring::~uring() {
    if (submissions_ != nullptr) sys::unmap(submissions_, submissions_size_);
    if (queues_ != nullptr) sys::unmap(queues_, queues_size_);
    if (fd_ >= 0) sys::close(fd_);
}

int uring::open(unsigned submissions, unsigned completions) noexcept {
    io_uring::parameters wanted{};
    wanted.flags = io_uring::setup_completion_size;
    wanted.completion_entries = completions;
    fd_ = sys::ring_setup(submissions, &wanted);
    if (fd_ < 0) return fd_;
    sys::expect_ring_threads();
    const int failure = check(wanted);
    return failure < 0 ? failure : map(wanted);
}

int uring::check(const io_uring::parameters& got) const noexcept {
    const bool suffices =
        (got.features & needed_features) == needed_features && has_operations(fd_);
    return suffices ? 0 : -ENOTSUP;
}

std::uint32_t* uring::word_at(std::uint32_t offset) const noexcept {
    return reinterpret_cast<std::uint32_t*>(queues_ + offset);
}

int uring::map(const io_uring::parameters& got) noexcept {
    const auto& in = got.submissions;
    const auto& out = got.completions;
    queues_size_ =
        std::max(in.array + got.submission_entries * sizeof(std::uint32_t),
                 out.completions + got.completion_entries * sizeof(io_uring::completion));
    const long queues = sys::map_shared(fd_, queues_size_, io_uring::offset_of_queues);
    if (queues < 0) return static_cast<int>(queues);
    queues_ = reinterpret_cast<std::byte*>(queues);
    submissions_size_ = got.submission_entries * sizeof(io_uring::submission);
    const long entries = sys::map_shared(fd_, submissions_size_, io_uring::offset_of_submissions);
    if (entries < 0) return static_cast<int>(entries);
    submissions_ = reinterpret_cast<io_uring::submission*>(entries);
    submission_count_ = got.submission_entries;
    submission_head_ = word_at(in.head);
    submission_tail_ = word_at(in.tail);
    flags_ = word_at(in.flags);
    // The kernel finds entries by numbers in another queue: always the same.
    for (std::uint32_t i = 0; i < submission_count_; ++i) word_at(in.array)[i] = i;
    completions_ = reinterpret_cast<io_uring::completion*>(queues_ + out.completions);
    completion_mask_ = *word_at(out.mask);
    completion_head_ = word_at(out.head);
    completion_tail_ = word_at(out.tail);
    return 0;
}

unsigned uring::pushed() const noexcept { return *submission_tail_ - load(submission_head_); }

bool uring::push(const io_uring::submission& wanted) noexcept {
    if (pushed() == submission_count_) return false;
    const std::uint32_t tail = *submission_tail_;
    submissions_[tail & (submission_count_ - 1)] = wanted;
    store(submission_tail_, tail + 1);
    return true;
}

int uring::submit() const noexcept { return sys::ring_enter(fd_, pushed(), 0); }

io_uring::submission& uring::take_back() noexcept {
    const std::uint32_t last = *submission_tail_ - 1;
    store(submission_tail_, last);
    return submissions_[last & (submission_count_ - 1)];
}

bool uring::has_completions() const noexcept {
    return load(completion_tail_) != load(completion_head_) ||
           (load(flags_) & io_uring::completions_overflowed) != 0;
}

bool uring::pop(io_uring::completion& done) noexcept {
    const std::uint32_t head = *completion_head_;
    if (head == load(completion_tail_)) {
        // What found no room is kept in the kernel, and comes when it is asked for.
        if ((load(flags_) & io_uring::completions_overflowed) == 0) return false;
        static_cast<void>(sys::ring_enter(fd_, 0, io_uring::enter_get_events));
        if (head == load(completion_tail_)) return false;
    }
    done = completions_[head & completion_mask_];
    store(completion_head_, head + 1);
    return true;
}

}  // namespace mioco::detail
