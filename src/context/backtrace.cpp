// SPDX-License-Identifier: MPL-2.0
#include "context/backtrace.hpp"

#if defined(__x86_64__)
#include <unwind.h>

/// In the assembly file.
extern "C" void mioco_visit_suspended(void* suspended, void (*visit)(void*), void* argument);
extern "C" void mioco_visit_interrupted(void* registers, void (*visit)(void*), void* argument);
#endif

namespace mioco::detail {

namespace {

std::uintptr_t address_of(const std::uint64_t* word) noexcept {
    return reinterpret_cast<std::uintptr_t>(word);
}

// Whatever looks like an address within the stack is made one within the copy: frame pointers, by which frames find their callers.
// What only looks like one does no harm, as nobody but the unwinder uses the copy.
void move_addresses(std::span<std::uint64_t> words, std::span<std::uint64_t> copy,
                    std::uintptr_t original) noexcept {
    for (std::uint64_t& word : words) {
        if (word - original <= copy.size_bytes()) word += address_of(copy.data()) - original;
    }
}

#if defined(__x86_64__)
// Where no frame description covers a return address, the unwinder looks at the code there, which may be gone. So the copy keeps
// none of that kind: zero is an end. Nothing else that a frame is unwound by lies outside of the stack.
void drop_unknown_addresses(std::span<std::uint64_t> copy) noexcept {
    const std::uintptr_t begin = address_of(copy.data());
    for (std::uint64_t& word : copy) {
        const bool is_in_copy = word - begin <= copy.size_bytes();
        if (!is_in_copy && _Unwind_FindEnclosingFunction(reinterpret_cast<void*>(word)) == nullptr)
            word = 0;
    }
}
#endif

struct walk {
    std::span<std::uint64_t> copy;
    std::span<std::uintptr_t> found;
    std::size_t count = 0;

    [[nodiscard]] bool is_in_copy(std::uintptr_t address) const noexcept {
        return address - address_of(copy.data()) <= copy.size_bytes();
    }
};

#if defined(__x86_64__)

_Unwind_Reason_Code visit_frame(_Unwind_Context* frame, void* argument) {
    auto& mine = *static_cast<walk*>(argument);
    // The frames of the search itself lie elsewhere.
    if (!mine.is_in_copy(_Unwind_GetCFA(frame))) return _URC_NO_REASON;
    if (mine.count == mine.found.size()) return _URC_END_OF_STACK;
    // The address is that behind the call; one less is in the call, and so in its line. Not where a signal came.
    int was_interrupted = 0;
    const std::uintptr_t returns_to = _Unwind_GetIPInfo(frame, &was_interrupted);
    if (returns_to == 0) return _URC_END_OF_STACK;
    mine.found[mine.count++] = was_interrupted != 0 ? returns_to : returns_to - 1;
    return _URC_NO_REASON;
}

void visit_frames(void* mine) noexcept {
    _Unwind_Backtrace(&visit_frame, mine);
    // Not the last thing done, so that the frame is still there.
    asm volatile("");
}

void find(walk& mine) noexcept {
    drop_unknown_addresses(mine.copy);
    mioco_visit_suspended(mine.copy.data(), &visit_frames, &mine);
}

void find_from(walk& mine, interrupted_registers& registers) noexcept {
    mioco_visit_interrupted(registers.words.data(), &visit_frames, &mine);
}

#elif defined(__aarch64__)

// By the chain of frame pointers, which compilers keep here by default. An unwinder would check the signatures that return
// addresses may carry, which depend on where the stack is.
void follow(walk& mine, std::uint64_t frame, std::uint64_t returns_to) noexcept {
    std::uint64_t above = address_of(mine.copy.data());
    while (returns_to != 0 && mine.count < mine.found.size()) {
        // A hint, and so nothing where there are no signatures: takes the one of x30 away.
        register std::uint64_t plain asm("x30") = returns_to;
        asm("hint #7" : "+r"(plain));
        mine.found[mine.count++] = plain - 1;
        const bool is_frame = frame > above && frame % 8 == 0 && mine.is_in_copy(frame + 16);
        if (!is_frame) return;
        above = frame;
        const auto* const words = reinterpret_cast<const std::uint64_t*>(frame);
        frame = words[0];
        returns_to = words[1];
    }
}

void find(walk& mine) noexcept {
    constexpr std::size_t saved_words = 20;  // see switch_aarch64.S: x29 and x30 come first
    if (mine.copy.size() >= saved_words) follow(mine, mine.copy[0], mine.copy[1]);
}

// Between a function's begin and its frame, its caller is left out.
void find_from(walk& mine, const interrupted_registers& registers) noexcept {
    follow(mine, registers.words[0], registers.words[2] + 1);
}

#endif

}  // namespace

std::size_t find_calls(std::span<std::uint64_t> copy, std::uintptr_t original,
                       std::span<std::uintptr_t> found) noexcept {
    move_addresses(copy, copy, original);
    walk mine{copy, found};
    find(mine);
    return mine.count;
}

std::size_t find_interrupted_calls(std::span<std::uint64_t> copy, std::uintptr_t original,
                                   interrupted_registers registers,
                                   std::span<std::uintptr_t> found) noexcept {
    move_addresses(copy, copy, original);
    move_addresses(registers.words, copy, original);
    walk mine{copy, found};
    find_from(mine, registers);
    return mine.count;
}

interrupted_registers::interrupted_registers(const ucontext_t& of) noexcept {
#if defined(__x86_64__)
    constexpr int numbers[] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                               REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                               REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
    for (std::size_t i = 0; i < words.size(); ++i)
        words[i] = static_cast<std::uint64_t>(of.uc_mcontext.gregs[numbers[i]]);
#elif defined(__aarch64__)
    words = {of.uc_mcontext.regs[29], of.uc_mcontext.sp, of.uc_mcontext.pc};
#endif
}

}  // namespace mioco::detail
