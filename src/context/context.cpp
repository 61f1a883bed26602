// SPDX-License-Identifier: MPL-2.0
#include "context/context.hpp"

#include <cstdint>
#include <cstdlib>

#include "base/assert.hpp"

#if defined(MIOCO_ASAN)
#include <pthread.h>
#endif

extern "C" void mioco_start();

namespace mioco::detail {

namespace {

#if defined(__x86_64__)
struct suspended {
    std::uint64_t r15, r14, r13, r12, rbx, rbp, return_address;
};
static_assert(offsetof(suspended, r12) == 0x18 && offsetof(suspended, rbx) == 0x20);
static_assert(offsetof(suspended, return_address) == 0x30 && sizeof(suspended) == 0x38);

void* prepare_stack(std::byte* top, void (*entry)(void*), void* argument) noexcept {
    // mioco_start is entered by a return, after which the stack pointer is `top`: a multiple of 16, as before any call.
    auto* frame = reinterpret_cast<suspended*>(top - sizeof(suspended));
    *frame = {};
    frame->rbx = reinterpret_cast<std::uint64_t>(entry);
    frame->r12 = reinterpret_cast<std::uint64_t>(argument);
    frame->return_address = reinterpret_cast<std::uint64_t>(&mioco_start);
    return frame;
}
#elif defined(__aarch64__)
struct suspended {
    std::uint64_t x29, x30, x19, x20, x21_x28[8], d8_d15[8];
};
static_assert(offsetof(suspended, x19) == 0x10 && offsetof(suspended, d8_d15) == 0x60 &&
              sizeof(suspended) == 0xa0);

void* prepare_stack(std::byte* top, void (*entry)(void*), void* argument) noexcept {
    auto* frame = reinterpret_cast<suspended*>(top - sizeof(suspended));
    *frame = {};
    frame->x19 = reinterpret_cast<std::uint64_t>(entry);
    frame->x20 = reinterpret_cast<std::uint64_t>(argument);
    frame->x30 = reinterpret_cast<std::uint64_t>(&mioco_start);
    return frame;
}
#else
#error "mioco has no context switch for this architecture; see src/context"
#endif

}  // namespace

void make_context(context& c, std::byte* bottom, std::byte* top, void (*entry)(void*),
                  void* argument) noexcept {
    c.stack_pointer = prepare_stack(top, entry, argument);
#if defined(MIOCO_ASAN)
    c.fake_stack = nullptr;
    c.bottom = bottom;
    c.size_bytes = static_cast<std::size_t>(top - bottom);
#else
    static_cast<void>(bottom);
#endif
#if defined(MIOCO_TSAN)
    c.tsan = __tsan_create_fiber(0);
#endif
}

void adopt_thread(context& c, const context* own) noexcept {
    static_cast<void>(c);
    if (own != nullptr) return stand_for_caller(c, *own);
#if defined(MIOCO_ASAN)
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) std::abort();
    void* bottom = nullptr;
    pthread_attr_getstack(&attributes, &bottom, &c.size_bytes);
    c.bottom = bottom;
    pthread_attr_destroy(&attributes);
#endif
#if defined(MIOCO_TSAN)
    c.tsan = __tsan_get_current_fiber();
#endif
}

void destroy_context(context& c) noexcept {
    static_cast<void>(c);
#if defined(MIOCO_TSAN)
    __tsan_destroy_fiber(c.tsan);
    c.tsan = nullptr;
#endif
}

#if !defined(NDEBUG)
void check_floating_point_modes() noexcept {
#if defined(__x86_64__)
    std::uint32_t mxcsr = 0;
    std::uint16_t x87 = 0;
    asm volatile("stmxcsr %0" : "=m"(mxcsr));
    asm volatile("fnstcw %0" : "=m"(x87));
    constexpr std::uint32_t mxcsr_modes =
        0xffc0;  // without the status bits, which any arithmetic sets
    MIOCO_ASSERT((mxcsr & mxcsr_modes) == 0x1f80 && (x87 & 0x0f3f) == 0x033f,
                 "a fiber restores the floating-point modes that it changed before it parks");
#endif
}
#endif

}  // namespace mioco::detail
