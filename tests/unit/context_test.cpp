// SPDX-License-Identifier: MPL-2.0
#include "context/context.hpp"

#include <array>
#include <cfenv>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>
#include <unwind.h>

#if defined(__x86_64__)
// mioco_test_registers(call, argument, values): fills rbx, rbp, r12 to r15 with the values, calls
// call(argument), and stores what is in the registers then.
asm(R"(
    .pushsection .text
    .type mioco_test_registers, @function
mioco_test_registers:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushq %rdx
    movq %rdi, %rax
    movq %rsi, %rdi
    movq 0x00(%rdx), %rbx
    movq 0x08(%rdx), %rbp
    movq 0x10(%rdx), %r12
    movq 0x18(%rdx), %r13
    movq 0x20(%rdx), %r14
    movq 0x28(%rdx), %r15
    callq *%rax
    popq %rdx
    movq %rbx, 0x00(%rdx)
    movq %rbp, 0x08(%rdx)
    movq %r12, 0x10(%rdx)
    movq %r13, 0x18(%rdx)
    movq %r14, 0x20(%rdx)
    movq %r15, 0x28(%rdx)
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    retq
    .size mioco_test_registers, . - mioco_test_registers
    .popsection
)");
constexpr std::size_t preserved_registers = 6;
#elif defined(__aarch64__)
// The same for x19 to x28 and d8 to d15.
asm(R"(
    .pushsection .text
    .type mioco_test_registers, %function
mioco_test_registers:
    stp x29, x30, [sp, #-0xb0]!
    stp x19, x20, [sp, #0x10]
    stp x21, x22, [sp, #0x20]
    stp x23, x24, [sp, #0x30]
    stp x25, x26, [sp, #0x40]
    stp x27, x28, [sp, #0x50]
    stp d8, d9, [sp, #0x60]
    stp d10, d11, [sp, #0x70]
    stp d12, d13, [sp, #0x80]
    stp d14, d15, [sp, #0x90]
    str x2, [sp, #0xa0]
    mov x9, x0
    mov x0, x1
    ldp x19, x20, [x2, #0x00]
    ldp x21, x22, [x2, #0x10]
    ldp x23, x24, [x2, #0x20]
    ldp x25, x26, [x2, #0x30]
    ldp x27, x28, [x2, #0x40]
    ldp d8, d9, [x2, #0x50]
    ldp d10, d11, [x2, #0x60]
    ldp d12, d13, [x2, #0x70]
    ldp d14, d15, [x2, #0x80]
    blr x9
    ldr x2, [sp, #0xa0]
    stp x19, x20, [x2, #0x00]
    stp x21, x22, [x2, #0x10]
    stp x23, x24, [x2, #0x20]
    stp x25, x26, [x2, #0x30]
    stp x27, x28, [x2, #0x40]
    stp d8, d9, [x2, #0x50]
    stp d10, d11, [x2, #0x60]
    stp d12, d13, [x2, #0x70]
    stp d14, d15, [x2, #0x80]
    ldp x19, x20, [sp, #0x10]
    ldp x21, x22, [sp, #0x20]
    ldp x23, x24, [sp, #0x30]
    ldp x25, x26, [sp, #0x40]
    ldp x27, x28, [sp, #0x50]
    ldp d8, d9, [sp, #0x60]
    ldp d10, d11, [sp, #0x70]
    ldp d12, d13, [sp, #0x80]
    ldp d14, d15, [sp, #0x90]
    ldp x29, x30, [sp], #0xb0
    ret
    .size mioco_test_registers, . - mioco_test_registers
    .popsection
)");
constexpr std::size_t preserved_registers = 18;
#endif

extern "C" void mioco_test_registers(void (*call)(void*), void* argument, std::uint64_t* values);

namespace {

using mioco::detail::adopt_thread;
using mioco::detail::context;
using mioco::detail::context_started;
using mioco::detail::leave_context;
using mioco::detail::make_context;
using mioco::detail::switch_context;

// A flow of control on a stack of its own; `step` resumes it, `back` returns from there.
class flow {
public:
    template <class Body>
    explicit flow(Body& body)
        : call_([](void* b, flow& self) { (*static_cast<Body*>(b))(self); }), body_(&body) {
        make_context(own_, memory_.get(), memory_.get() + size_bytes, &enter, this);
    }
    ~flow() { mioco::detail::destroy_context(own_); }
    flow(const flow&) = delete;
    flow& operator=(const flow&) = delete;

    void step() {
        adopt_thread(caller_);
        switch_context(caller_, own_);
    }
    void back() { switch_context(own_, caller_); }
    [[nodiscard]] bool ended() const { return ended_; }
    [[nodiscard]] bool owns(const void* address) const {
        const auto* byte = static_cast<const std::byte*>(address);
        return byte >= memory_.get() && byte < memory_.get() + size_bytes;
    }

private:
    static constexpr std::size_t size_bytes = std::size_t{256} * 1024;
    struct free_memory {
        void operator()(std::byte* memory) const { std::free(memory); }
    };

    static void enter(void* self_pointer) {
        context_started();
        auto& self = *static_cast<flow*>(self_pointer);
        self.call_(self.body_, self);
        self.ended_ = true;
        leave_context(self.own_, self.caller_);
    }

    std::unique_ptr<std::byte, free_memory> memory_{
        static_cast<std::byte*>(std::aligned_alloc(4096, size_bytes))};
    context own_;
    context caller_;
    void (*call_)(void*, flow&);
    void* body_;
    bool ended_ = false;
};

TEST(context, switches_there_and_back) {
    std::vector<int> order;
    auto body = [&](flow& self) {
        order.push_back(1);
        self.back();
        order.push_back(3);
        self.back();
        order.push_back(5);
    };
    flow other(body);
    other.step();
    order.push_back(2);
    other.step();
    order.push_back(4);
    other.step();
    EXPECT_EQ(order, (std::vector{1, 2, 3, 4, 5}));
    EXPECT_TRUE(other.ended());
}

TEST(context, runs_on_the_stack_it_was_given) {
    const void* inside = nullptr;
    auto body = [&](flow&) {
        const volatile int local = 0;
        inside = const_cast<const int*>(&local);
    };
    flow other(body);
    other.step();
#if !defined(MIOCO_ASAN)  // which may keep locals elsewhere
    EXPECT_TRUE(other.owns(inside));
#endif
    EXPECT_NE(inside, nullptr);
}

using registers = std::array<std::uint64_t, preserved_registers>;

registers pattern(std::uint64_t seed) {
    registers values{};
    for (auto& each : values) each = seed = seed * 6364136223846793005U + 1442695040888963407U;
    return values;
}

TEST(context, preserves_the_registers_of_both_sides) {
    auto body = [&](flow& self) {
        for (std::uint64_t round = 0; round < 100; ++round) {
            registers values = pattern(1000 + round);
            mioco_test_registers([](void* f) { static_cast<flow*>(f)->back(); }, &self,
                                 values.data());
            if (values != pattern(1000 + round)) std::abort();
        }
    };
    flow other(body);
    for (std::uint64_t round = 0; !other.ended(); ++round) {
        registers values = pattern(round);
        mioco_test_registers([](void* f) { static_cast<flow*>(f)->step(); }, &other, values.data());
        ASSERT_EQ(values, pattern(round));
    }
}

TEST(context, enters_with_an_aligned_stack) {
    bool aligned = false;
    auto body = [&](flow&) {
        alignas(16) volatile std::array<double, 2> local{};
        const auto frame = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
        aligned = frame % 16 == 0 && reinterpret_cast<std::uintptr_t>(&local) % 16 == 0;
    };
    flow other(body);
    other.step();
    EXPECT_TRUE(aligned);
}

struct bottom_seen {
    context own;
    context caller;
    void* outer_frame = &own;
};

void look_at_the_bottom(void* pointer) {
    context_started();
    auto& seen = *static_cast<bottom_seen*>(pointer);
    seen.outer_frame = *static_cast<void**>(__builtin_frame_address(0));
    leave_context(seen.own, seen.caller);
}

TEST(context, ends_the_chain_of_frames) {
    bottom_seen seen;
    constexpr std::size_t size_bytes = std::size_t{64} * 1024;
    const std::unique_ptr<void, decltype(&std::free)> memory(std::aligned_alloc(4096, size_bytes),
                                                             &std::free);
    auto* const bottom = static_cast<std::byte*>(memory.get());
    make_context(seen.own, bottom, bottom + size_bytes, &look_at_the_bottom, &seen);
    adopt_thread(seen.caller);
    switch_context(seen.caller, seen.own);
    mioco::detail::destroy_context(seen.own);
    EXPECT_EQ(seen.outer_frame, nullptr);
}

// Counts frames; anything beyond a few is a walk through garbage.
_Unwind_Reason_Code count_frame(_Unwind_Context*, void* count) {
    return ++*static_cast<int*>(count) > 100 ? _URC_NORMAL_STOP : _URC_NO_REASON;
}

TEST(context, ends_a_backtrace) {
    int frames = 0;
    _Unwind_Reason_Code verdict = _URC_NO_REASON;
    auto body = [&](flow& self) {
        self.back();
        verdict = _Unwind_Backtrace(&count_frame, &frames);
    };
    flow other(body);
    other.step();
    other.step();
    EXPECT_EQ(verdict, _URC_END_OF_STACK);
    EXPECT_GE(frames, 2);
    EXPECT_LE(frames, 10);
}

TEST(context, throws_and_catches_within) {
    bool caught = false;
    auto body = [&](flow& self) {
        try {
            throw std::runtime_error("within");
        } catch (const std::runtime_error&) {
            caught = true;
        }
        self.back();
    };
    flow other(body);
    other.step();
    EXPECT_TRUE(caught);
    other.step();
}

TEST(context, many_interleave) {
    int sum = 0;
    auto body = [&](flow& self) {
        for (int i = 0; i < 10; ++i) {
            ++sum;
            self.back();
        }
    };
    std::vector<std::unique_ptr<flow>> flows;
    for (int i = 0; i < 50; ++i) flows.push_back(std::make_unique<flow>(body));
    for (int round = 0; round <= 10; ++round) {
        for (auto& each : flows) each->step();
    }
    EXPECT_EQ(sum, 500);
    for (auto& each : flows) EXPECT_TRUE(each->ended());
}

#if !defined(NDEBUG) && defined(__x86_64__)
void switch_with_other_rounding() {
    auto body = [](flow& self) {
        std::fesetround(FE_UPWARD);
        self.back();
    };
    flow other(body);
    other.step();
}

TEST(context_process, that_leaves_floating_point_modes_changed_is_told) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(switch_with_other_rounding(), testing::KilledBySignal(SIGABRT),
                "restores the floating-point modes");
}
#endif

}  // namespace
