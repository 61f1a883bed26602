// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "io/driver.hpp"

// All that `fs::file` asks of the driver: by the worker's poller where that can (see poller_calls.hpp), else on the pool. Each call
// parks the calling fiber, or blocks the thread, until it is done. It is repeated when a signal interrupts it, and returns a
// count or a negative errno value: that of an interruption, with nothing done, if there was one before the call began.

namespace mioco::detail::file_calls {

/// What is open, looked at once, so that not every call has to ask. `direct`: with O_DIRECT, past the page cache. `stream`: a pipe or a
/// socket. `device`: another, such as a terminal.
enum class kind : std::uint8_t { unknown, regular, direct, block, direct_block, stream, device };
/// Of a descriptor with these flags of its open file. Does not park.
kind kind_of(int fd, int flags) noexcept;

/// As open(2), close-on-exec; the descriptor, and what it is.
int open(const char* path, int flags, unsigned mode, kind& of);

/// At the descriptor's own position, which moves on.
constexpr std::int64_t here = driver::here;
ssize_t read(int fd, std::span<std::byte> into, std::int64_t offset, kind of = kind::unknown);
ssize_t write(int fd, std::span<const std::byte> from, std::int64_t offset,
              kind of = kind::unknown);

/// With several buffers, on the pool.
ssize_t read_into(int fd, std::span<const iovec> into, std::int64_t offset);
ssize_t write_from(int fd, std::span<const iovec> from, std::int64_t offset);

/// Until what was written is on the device; `data_only`: without what only times and owners need.
int sync(int fd, bool data_only);
std::int64_t size(int fd);
/// Moves the position, as lseek(2). Parks only if it counts from the end, for which a server may have to be asked.
std::int64_t seek(int fd, std::int64_t offset, int origin);

/// The descriptor is gone in every case. No cancellation point.
int close(int fd);

int status(int fd, struct stat& into);
int set_size(int fd, std::int64_t size);
int set_mode(int fd, unsigned mode);
/// F_RDLCK or F_WRLCK of the whole file; -EAGAIN: another open file is in the way.
int lock(int fd, short type);
/// No cancellation points
int unlock(int fd);
int sync_certainly(int fd);
/// To another file, from the position of the first to that of the second.
ssize_t send(int from, int to, std::size_t most);

}  // namespace mioco::detail::file_calls
