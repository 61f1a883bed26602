// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>

#include <sys/socket.h>
#include <sys/types.h>

#include "context/sanitizer.hpp"

#if defined(__x86_64__) && !defined(MIOCO_ASAN) && !defined(MIOCO_TSAN)
#include <sys/syscall.h>
#define MIOCO_RAW_TRANSFER 1
#else
#include "base/sys.hpp"
#endif

// The two calls of every message. On x86-64 without the C library's detour: the kernel returns -errno itself. The sanitizers want to
// see what the calls read and write, so they get the library's.

namespace mioco::detail::sys {

#if defined(MIOCO_RAW_TRANSFER)

inline ssize_t raw_transfer(long number, int fd, const void* data, std::size_t size,
                            long flags) noexcept {
    register long flags_register asm("r10") = flags;
    register const void* address asm("r8") = nullptr;
    register long address_size asm("r9") = 0;
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

#else

inline ssize_t receive(int fd, void* into, std::size_t size) noexcept {
    return library_receive(fd, into, size);
}

inline ssize_t send(int fd, const void* from, std::size_t size) noexcept {
    return library_send(fd, from, size);
}

#endif

}  // namespace mioco::detail::sys
