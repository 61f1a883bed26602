// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <sys/types.h>

#include "fs/file_calls.hpp"

// Calls on files of a fiber whose poller may have them carried out (see poller::start), at places of the caller's. What is in memory is read at
// once; else the poller gets the operation, and whatever it cannot do is left to the pool. As in file_calls.hpp, whose calls these are.

namespace mioco::detail {
struct fiber;
}

namespace mioco::detail::poller_calls {

using file_calls::kind;

/// The calling fiber, if its read, or its call that writes, is one of these; else null.
fiber* who_reads(std::int64_t offset, kind of) noexcept;
fiber* who_writes() noexcept;

ssize_t read(fiber& self, int fd, std::span<std::byte> into, std::int64_t offset, kind of);
ssize_t write(fiber& self, int fd, std::span<const std::byte> from, std::int64_t offset, kind of);
int sync(fiber& self, int fd, bool data_only);

/// The same, looked at if it was not.
kind known(int fd, kind of) noexcept;
constexpr bool is_regular(kind of) noexcept { return of == kind::regular || of == kind::direct; }

}  // namespace mioco::detail::poller_calls
