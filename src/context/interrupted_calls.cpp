// SPDX-License-Identifier: MPL-2.0
#include "context/interrupted_calls.hpp"

#include <unwind.h>

// An unwinder believes what compilers say of each instruction, and what they say is wrong of some hand-written ones, as in the C
// library: there it would read from anywhere. At a call all is right, but a signal comes between calls. So nobody is believed here.

namespace mioco::detail {

namespace {

#if defined(__x86_64__)

// Whether it is an address in a known function, and right behind a call there.
bool is_return_address(std::uint64_t word) noexcept {
    constexpr std::uint64_t longest_call = 7;
    const void* const function = _Unwind_FindEnclosingFunction(reinterpret_cast<void*>(word));
    if (function == nullptr || word - reinterpret_cast<std::uint64_t>(function) < longest_call)
        return false;
    const auto* const behind = reinterpret_cast<const unsigned char*>(word);
    if (behind[-5] == 0xe8) return true;
    for (const int size : {2, 3, 4, 6, 7}) {
        if (behind[-size] == 0xff && (behind[1 - size] & 0x38) == 0x10) return true;
    }
    return false;
}

// Without frame pointers: whatever looks like a return address.
std::size_t find_callers(std::span<const std::uint64_t> copy, const interrupted_place&,
                         std::span<std::uintptr_t> found) noexcept {
    std::size_t count = 0;
    for (const std::uint64_t word : copy) {
        if (count == found.size()) break;
        if (is_return_address(word)) found[count++] = word - 1;
    }
    return count;
}

#elif defined(__aarch64__)

// By the chain of frame pointers, which compilers keep here by default.
std::size_t find_callers(std::span<const std::uint64_t> copy, const interrupted_place& place,
                         std::span<std::uintptr_t> found) noexcept {
    std::size_t count = 0;
    std::uint64_t frame = place.frame_pointer;
    std::uint64_t least = place.stack_pointer;
    while (count < found.size() && frame >= least && frame % 8 == 0) {
        const std::uint64_t at = (frame - place.stack_pointer) / 8;
        if (at + 1 >= copy.size()) break;
        // Takes a signature away, if there is one; see backtrace.cpp.
        register std::uint64_t plain asm("x30") = copy[at + 1];
        asm("hint #7" : "+r"(plain));
        if (plain == 0) break;
        found[count++] = plain - 1;
        least = frame + 16;
        frame = copy[at];
    }
    return count;
}

#endif

}  // namespace

interrupted_place::interrupted_place(const ucontext_t& of) noexcept {
#if defined(__x86_64__)
    code = static_cast<std::uint64_t>(of.uc_mcontext.gregs[REG_RIP]);
    stack_pointer = static_cast<std::uint64_t>(of.uc_mcontext.gregs[REG_RSP]);
    frame_pointer = static_cast<std::uint64_t>(of.uc_mcontext.gregs[REG_RBP]);
#elif defined(__aarch64__)
    code = of.uc_mcontext.pc;
    stack_pointer = of.uc_mcontext.sp;
    frame_pointer = of.uc_mcontext.regs[29];
#endif
}

std::size_t find_interrupted_calls(std::span<const std::uint64_t> copy,
                                   const interrupted_place& place,
                                   std::span<std::uintptr_t> found) noexcept {
    if (found.empty()) return 0;
    found[0] = place.code;
    return 1 + find_callers(copy, place, found.subspan(1));
}

}  // namespace mioco::detail
