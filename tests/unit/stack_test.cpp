// SPDX-License-Identifier: MPL-2.0
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <set>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>
#include <mioco/mioco.hpp>

#include "base/sys.hpp"
#include "context/sanitizer.hpp"
#include "stack/depot.hpp"
#include "stack/stack.hpp"
#include "support/workers.hpp"

namespace {

using mioco::detail::stack;
using mioco::detail::stack_depot;
using mioco::detail::stack_kind;
using mioco::detail::stack_magazine;

// Whether the kernel may read there, which it may not in a guard.
bool is_readable(const std::byte* address) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) return false;
    const ssize_t result = mioco::detail::sys::write(ends[1], address, 1);
    close(ends[0]);
    close(ends[1]);
    if (result != 1) {
        EXPECT_EQ(result, -EFAULT);
    }
    return result == 1;
}

TEST(stack_kind, rounds_up_to_a_power_of_two) {
    EXPECT_EQ(stack_kind::of(16384, true).size_bytes(), 16384U);
    EXPECT_EQ(stack_kind::of(16385, true).size_bytes(), 32768U);
    EXPECT_EQ(stack_kind::of(std::size_t{1} << 30, false).size_bytes(), std::size_t{1} << 30);
}

TEST(stack_kind, has_a_guard_only_if_asked_for) {
    EXPECT_GE(stack_kind::of(16384, true).guard_bytes(), 4096U);
    EXPECT_EQ(stack_kind::of(16384, false).guard_bytes(), 0U);
}

TEST(stack_depot, gives_stacks_whose_guard_is_really_there) {
    for (const std::size_t size : {16384U, 262144U}) {
        const auto kind = stack_kind::of(size, true);
        auto& depot = stack_depot::of(kind);
        for (int i = 0; i < 20; ++i) {
            const stack fresh = depot.take();
            ASSERT_TRUE(fresh);
            EXPECT_FALSE(is_readable(fresh.base));
            EXPECT_FALSE(is_readable(fresh.bottom() - 1));
            EXPECT_TRUE(is_readable(fresh.bottom()));
            EXPECT_TRUE(is_readable(fresh.top() - 1));
            EXPECT_TRUE(fresh.guard_contains(fresh.base));
            EXPECT_TRUE(fresh.guard_contains(fresh.bottom() - 1));
            EXPECT_FALSE(fresh.guard_contains(fresh.bottom()));
            EXPECT_FALSE(fresh.guard_contains(fresh.base - 1));
            depot.give(fresh);
        }
    }
}

TEST(stack_depot, keeps_the_guard_through_reuse) {
    const auto kind = stack_kind::of(65536, true);
    auto& depot = stack_depot::of(kind);
    stack reused = depot.take();
    for (int i = 0; i < 5; ++i) {
        std::memset(reused.bottom(), 1, 4096);
        depot.give(reused);
        reused = depot.take();
        EXPECT_FALSE(is_readable(reused.base));
    }
    depot.give(reused);
}

TEST(stack_depot, gives_unguarded_stacks_that_are_usable_throughout) {
    auto& depot = stack_depot::of(stack_kind::of(32768, false));
    const stack fresh = depot.take();
    ASSERT_TRUE(fresh);
    std::memset(fresh.base, 1, static_cast<std::size_t>(fresh.top() - fresh.base));
    depot.give(fresh);
}

TEST(stack_depot, gives_no_stack_twice) {
    auto& depot = stack_depot::of(stack_kind::of(16384, true));
    std::set<std::byte*> bases;
    std::vector<stack> taken;
    for (int i = 0; i < 5000; ++i) {
        taken.push_back(depot.take());
        ASSERT_TRUE(taken.back());
        EXPECT_TRUE(bases.insert(taken.back().base).second);
    }
    for (const auto& each : taken) depot.give(each);
}

constexpr std::byte mark{7};

// So many stacks, written to at the lowest address and the highest, and given back.
void use_and_give(stack_depot& depot, std::size_t count) {
    std::vector<stack> taken;
    for (std::size_t i = 0; i < count; ++i) {
        taken.push_back(depot.take());
        ASSERT_TRUE(taken.back());
        *taken.back().bottom() = taken.back().top()[-1] = mark;
    }
    for (const auto& each : taken) depot.give(each);
}

struct pages_left {
    std::size_t lowest = 0;
    std::size_t highest = 0;
};

// Of stacks that `use_and_give` has used.
pages_left left_of(stack_depot& depot, std::size_t count) {
    pages_left found;
    std::vector<stack> taken;
    for (std::size_t i = 0; i < count; ++i) {
        taken.push_back(depot.take());
        if (*taken.back().bottom() == mark) ++found.lowest;
        if (taken.back().top()[-1] == mark) ++found.highest;
    }
    for (const auto& each : taken) depot.give(each);
    return found;
}

constexpr std::int64_t second_ns = 1'000'000'000;

// As workers do.
void age(std::int64_t now) {
    while (stack_depot::age_due() <= now) stack_depot::age_all(now);
}

void start_without_pages() {
    stack_depot::age_all_at_once();
    if (stack_depot::age_due() != mioco::detail::never)
        stack_depot::age_all(stack_depot::age_due());
    ASSERT_EQ(stack_depot::age_due(), mioco::detail::never);
}

TEST(stack_depot, gives_no_pages_back_of_what_is_used_again_and_again) {
    start_without_pages();
    auto& depot = stack_depot::of(stack_kind::of(131072, false));
    use_and_give(depot, 2000);
    for (std::int64_t i = 0; i < 3; ++i) {
        stack_depot::age_all(i * second_ns);
        EXPECT_EQ(stack_depot::age_due(), (i + 1) * second_ns);
        const pages_left found = left_of(depot, 2000);
        EXPECT_EQ(found.lowest, 2000U);
        EXPECT_EQ(found.highest, 2000U);
    }
}

TEST(stack_depot, gives_pages_back_of_what_was_not_used_for_a_while) {
    start_without_pages();
    auto& depot = stack_depot::of(stack_kind::of(131072, true));
    use_and_give(depot, 2000);
    EXPECT_EQ(stack_depot::age_due(), 0);
    stack_depot::age_all(0);
    EXPECT_EQ(stack_depot::age_due(), second_ns);
    stack_depot::age_all(second_ns);
    EXPECT_EQ(stack_depot::age_due(), second_ns) << "not all at once";
    age(second_ns);
    EXPECT_EQ(stack_depot::age_due(), mioco::detail::never);
    const pages_left found = left_of(depot, 2000);
    EXPECT_EQ(found.lowest, 0U);
    EXPECT_EQ(found.highest, 1024U);
}

TEST(stack_depot, gives_the_rest_back_while_some_are_used) {
    start_without_pages();
    auto& depot = stack_depot::of(stack_kind::of(524288, false));
    use_and_give(depot, 2000);
    stack_depot::age_all(0);
    EXPECT_EQ(left_of(depot, 100).lowest, 100U);
    age(second_ns);
    EXPECT_EQ(stack_depot::age_due(), 2 * second_ns);
    EXPECT_EQ(left_of(depot, 2000).lowest, 100U);
}

// Until some lie in the depot. Two workers may have few alive at a time, and one gives back what it has after an end was told.
void use_many_at_once() {
    do {
        std::vector<mioco::join_handle<void>> fibers;
        for (int i = 0; i < 200; ++i) fibers.push_back(mioco::spawn([] { mioco::yield(); }));
        for (auto& each : fibers) each.join();
    } while (stack_depot::age_due() == mioco::detail::never);
}

TEST(stack_depot, ages_while_a_worker_works) {
    mioco::run(mioco::config{}.workers(1), [&] {
        use_many_at_once();
        while (stack_depot::age_due() != mioco::detail::never) mioco::yield();
    });
}

TEST(stack_depot, ages_while_all_workers_rest) {
    mioco::run([&] {
        use_many_at_once();
        mioco::offload([] {
            while (stack_depot::age_due() != mioco::detail::never) usleep(10'000);
        });
    });
}

TEST(stack_depot, ages_at_the_end_of_a_runtime) {
    auto& depot = stack_depot::of(stack_kind::of(1 << 20, true));
    use_and_give(depot, 10);
    mioco::run([] {});
    EXPECT_EQ(left_of(depot, 10).lowest, 0U);
}

TEST(stack_magazine, takes_back_what_it_gave) {
    const auto kind = stack_kind::of(16384, true);
    stack_magazine magazine(kind);
    const stack first = magazine.take(kind);
    magazine.give(first);
    EXPECT_EQ(magazine.take_cached(kind).base, first.base);
    EXPECT_FALSE(magazine.take_cached(kind));
    magazine.give(first);
    EXPECT_FALSE(magazine.take_cached(stack_kind::of(16384, false)));
    std::vector<stack> many;
    for (int i = 0; i < 200; ++i) many.push_back(magazine.take(kind));
    for (const auto& each : many) magazine.give(each);
}

TEST(stack, begins_aligned_and_not_always_at_the_same_cache_set) {
    auto& depot = stack_depot::of(stack_kind::of(65536, true));
    std::vector<stack> taken;
    std::set<std::uintptr_t> offsets;
    for (int i = 0; i < 32; ++i) {
        taken.push_back(depot.take());
        const auto top = reinterpret_cast<std::uintptr_t>(taken.back().top());
        EXPECT_EQ(top % 64, 0U);
        offsets.insert(top % 4096);
    }
    for (const auto& each : taken) depot.give(each);
    EXPECT_GE(offsets.size(), 8U);
}

// Ends the process by signal, with a message on stderr; so each runs in a child.
class stack_overflow : public mioco_test::on_workers {
protected:
    stack_overflow() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};
MIOCO_ON_WORKER_COUNTS(stack_overflow);

[[gnu::noinline]] int recurse(int depth) {
    volatile char frame[256];
    frame[0] = static_cast<char>(depth);
    if (depth == -1) return 0;
    return recurse(depth + 1) + frame[0];
}

TEST_P(stack_overflow, names_the_fiber_its_stack_and_the_settings) {
    EXPECT_EXIT(
        run([] { mioco::spawn({.name = "digger"}, recurse, 0).join(); }),
        testing::KilledBySignal(SIGSEGV),
        "mioco: stack overflow in fiber [0-9]+ \"digger\": its stack of 262144 bytes is full.*"
        "spawn_options::stack_size_bytes.*config::stack_size.*MIOCO_STACK_SIZE=512K");
}

TEST_P(stack_overflow, knows_a_size_of_the_fibers_own) {
    EXPECT_EXIT(
        run([] { mioco::spawn({.stack_size_bytes = 32768}, recurse, 0).join(); }),
        testing::KilledBySignal(SIGSEGV),
        "stack overflow in fiber [0-9]+: its stack of 32768 bytes is full.*MIOCO_STACK_SIZE=64K");
}

TEST_P(stack_overflow, is_found_after_a_switch_as_well) {
    EXPECT_EXIT(run([] {
                    mioco::spawn({.name = "later"}, [] {
                        for (int i = 0; i < 10; ++i) mioco::yield();
                        mioco::sleep_for(std::chrono::microseconds(10));
                        recurse(0);
                    }).join();
                }),
                testing::KilledBySignal(SIGSEGV), "stack overflow in fiber [0-9]+ \"later\"");
}

char* unmapped_page() {
    void* const page = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return static_cast<char*>(page);
}

void tell_and_exit(int, siginfo_t*, void*) {
    constexpr char text[] = "the older handler\n";
    static_cast<void>(write(STDERR_FILENO, text, sizeof text - 1));
    _exit(9);
}

void install_older_handler() {
    struct sigaction action{};
    action.sa_sigaction = &tell_and_exit;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGSEGV, &action, nullptr);
}

TEST_P(stack_overflow, leaves_other_faults_to_the_handler_that_was_there) {
    EXPECT_EXIT(
        {
            install_older_handler();
            run([] { *static_cast<volatile char*>(unmapped_page()) = 1; });
        },
        testing::ExitedWithCode(9), "^the older handler\n$");
}

TEST_P(stack_overflow, leaves_faults_of_plain_threads_to_the_handler_that_was_there) {
    EXPECT_EXIT(
        {
            install_older_handler();
            run([] {});
            *static_cast<volatile char*>(unmapped_page()) = 1;
        },
        testing::ExitedWithCode(9), "^the older handler\n$");
}

TEST_P(stack_overflow, is_told_even_with_an_older_handler) {
    EXPECT_EXIT(
        {
            install_older_handler();
            run([] { recurse(0); });
        },
        testing::KilledBySignal(SIGSEGV), "stack overflow in fiber [0-9]+ \"main\"");
}

#if !defined(MIOCO_ASAN) && !defined(MIOCO_TSAN)  // whose own handlers report it and exit
TEST_P(stack_overflow, without_an_older_handler_other_faults_kill_as_ever) {
    EXPECT_EXIT(run([] { *static_cast<volatile char*>(unmapped_page()) = 1; }),
                testing::KilledBySignal(SIGSEGV), "^$");
}
#endif

}  // namespace
