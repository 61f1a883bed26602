// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

// What of the kernel's io_uring is used here, as io_uring_setup(2) and io_uring_enter(2) tell it. The headers of a distribution are older
// than the kernels that its programs run on, and need not be installed at all.

namespace mioco::detail::io_uring {

/// An entry of the submission queue: one operation.
struct submission {
    std::uint8_t operation;
    std::uint8_t flags;
    std::uint16_t priority;
    std::int32_t fd;
    std::uint64_t offset;
    std::uint64_t address;
    std::uint32_t size;
    std::uint32_t operation_flags;
    std::uint64_t user_data;
    std::uint64_t unused[3];
};
static_assert(sizeof(submission) == 64);

/// An entry of the completion queue: `result` is what the system call would have returned, errors as negative errno values.
struct completion {
    std::uint64_t user_data;
    std::int32_t result;
    std::uint32_t flags;
};
static_assert(sizeof(completion) == 16);

/// Where in the shared memory the parts of the submission queue lie, in bytes from its beginning.
struct submission_offsets {
    std::uint32_t head;
    std::uint32_t tail;
    std::uint32_t mask;
    std::uint32_t entries;
    std::uint32_t flags;
    std::uint32_t dropped;
    std::uint32_t array;
    std::uint32_t unused[3];
};

/// The same of the completion queue.
struct completion_offsets {
    std::uint32_t head;
    std::uint32_t tail;
    std::uint32_t mask;
    std::uint32_t entries;
    std::uint32_t overflow;
    std::uint32_t completions;
    std::uint32_t unused[4];
};

/// What is asked for, and what the kernel makes of it.
struct parameters {
    std::uint32_t submission_entries;
    std::uint32_t completion_entries;
    std::uint32_t flags;
    std::uint32_t unused_thread[2];
    std::uint32_t features;
    std::uint32_t unused[4];
    submission_offsets submissions;
    completion_offsets completions;
};
static_assert(sizeof(parameters) == 120);

/// What the kernel tells of an operation that it is asked about.
struct probed_operation {
    std::uint8_t operation;
    std::uint8_t reserved;
    std::uint16_t flags;
    std::uint32_t reserved_too;
};

struct probe {
    static constexpr unsigned most_operations = 64;
    std::uint8_t last_operation;
    std::uint8_t count;
    std::uint16_t reserved;
    std::uint32_t reserved_too[3];
    probed_operation operations[most_operations];
};
static_assert(sizeof(probe) == 16 + 8 * probe::most_operations);

// Operations, and flags of theirs
inline constexpr std::uint8_t operation_sync = 3;
inline constexpr std::uint8_t operation_read = 22;
inline constexpr std::uint8_t operation_write = 23;
inline constexpr std::uint32_t sync_data_only = 1;
/// Of a submission: made by a thread of the kernel's from the start.
inline constexpr std::uint8_t beside = 1 << 4;

// Setup
inline constexpr std::uint32_t setup_completion_size = 1 << 3;

// Features
inline constexpr std::uint32_t feature_single_mapping = 1 << 0;
inline constexpr std::uint32_t feature_no_drop = 1 << 1;
inline constexpr std::uint32_t feature_submit_stable = 1 << 2;
inline constexpr std::uint32_t feature_position = 1 << 3;

// Flags in the shared memory, and of io_uring_enter
inline constexpr std::uint32_t completions_overflowed = 1 << 1;
inline constexpr std::uint32_t enter_get_events = 1 << 0;

// What mmap(2) is to map
inline constexpr std::int64_t offset_of_queues = 0;
inline constexpr std::int64_t offset_of_submissions = 0x10000000;

// io_uring_register(2)
inline constexpr unsigned register_probe = 8;
inline constexpr std::uint16_t probe_supported = 1 << 0;

}  // namespace mioco::detail::io_uring
