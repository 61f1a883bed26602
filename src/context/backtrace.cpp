// SPDX-License-Identifier: MPL-2.0
#include "context/backtrace.hpp"

#if defined(__x86_64__)
#include <unwind.h>

/// In the assembly file.
extern "C" void mioco_visit_suspended(void* suspended, void (*visit)(void*), void* argument);
#endif

namespace mioco::detail {

namespace {

std::uintptr_t address_of(const std::uint64_t* word) noexcept {
    return reinterpret_cast<std::uintptr_t>(word);
}

// Whatever looks like an address within the stack is made one within the copy: frame pointers, by which frames find their callers.
// What only looks like one does no harm, as nobody but the unwinder uses the copy.
void move_addresses(std::span<std::uint64_t> copy, std::uintptr_t original) noexcept {
    for (std::uint64_t& word : copy) {
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
    // The address is that behind the call; one less is in the call, and so in its line.
    const std::uintptr_t returns_to = _Unwind_GetIP(frame);
    if (returns_to == 0) return _URC_END_OF_STACK;
    mine.found[mine.count++] = returns_to - 1;
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

#elif defined(__aarch64__)

// By the chain of frame pointers, which compilers keep here by default. An unwinder would check the signatures that return
// addresses may carry, which depend on where the stack is.
void find(walk& mine) noexcept {
    constexpr std::size_t saved_words = 20;  // see switch_aarch64.S: x29 and x30 come first
    if (mine.copy.size() < saved_words) return;
    std::uint64_t frame = mine.copy[0];
    std::uint64_t returns_to = mine.copy[1];
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

#endif

}  // namespace

std::size_t find_calls(std::span<std::uint64_t> copy, std::uintptr_t original,
                       std::span<std::uintptr_t> found) noexcept {
    move_addresses(copy, original);
    walk mine{copy, found};
    find(mine);
    return mine.count;
}

}  // namespace mioco::detail
