// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "context/sanitizer.hpp"

#if defined(__x86_64__) && !defined(MIOCO_ASAN) && !defined(MIOCO_TSAN)
#include <sys/syscall.h>
#define MIOCO_RAW_TRANSFER 1
#else
#include "base/sys.hpp"
#endif

// The two calls of every message, and that of every read of a file. On x86-64 without the C library's detour: the kernel returns -errno itself. The sanitizers want to
// see what the calls read and write, so they get the library's.

namespace mioco::detail::sys {

#if defined(MIOCO_RAW_TRANSFER)

inline ssize_t raw_transfer(long number, int fd, const void* data, std::size_t size, long fourth,
                            long sixth = 0) noexcept {
    register long flags_register asm("r10") = fourth;
    register const void* address asm("r8") = nullptr;
    register long address_size asm("r9") = sixth;
    asm volatile("syscall"
                 : "+a"(number)
                 : "D"(long{fd}), "S"(data), "d"(size), "r"(flags_register), "r"(address),
                   "r"(address_size)
                 : "rcx", "r11", "memory");
    return number;
}

inline ssize_t receive(int fd, void* into, std::size_t size) noexcept {
    return raw_transfer(SYS_recvfrom, fd, into, size, 0);
}

inline ssize_t send(int fd, const void* from, std::size_t size) noexcept {
    return raw_transfer(SYS_sendto, fd, from, size, MSG_NOSIGNAL);
}

inline ssize_t read_one_at_once(int fd, const iovec& into, std::int64_t offset) noexcept {
    return raw_transfer(SYS_preadv2, fd, &into, 1, offset, RWF_NOWAIT);
}

#else

inline ssize_t receive(int fd, void* into, std::size_t size) noexcept {
    return library_receive(fd, into, size);
}

inline ssize_t send(int fd, const void* from, std::size_t size) noexcept {
    return library_send(fd, from, size);
}

inline ssize_t read_one_at_once(int fd, const iovec& into, std::int64_t offset) noexcept {
    return library_read_at_once(fd, into, offset);
}

#endif

/// As pread(2), or read(2) if the offset is -1, of what is in memory already; -EAGAIN where that would wait. With O_DIRECT it waits.
inline ssize_t read_at_once(int fd, void* into, std::size_t size, std::int64_t offset) noexcept {
    return read_one_at_once(fd, {into, size}, offset);
}

}  // namespace mioco::detail::sys
