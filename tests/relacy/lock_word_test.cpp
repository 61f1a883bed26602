// SPDX-License-Identifier: MPL-2.0
#include <mioco/detail/lock_word.hpp>

#include "relacy/explore.hpp"

namespace mioco::relacy {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;

/// Two that take it in turn, and try again until they have it.
struct two_take_it : scenario<two_take_it> {
    void thread(unsigned /*number*/) {
        wait_until([this] { return word.try_take(); });
        guarded.set(guarded.get() + 1);
        check(word.try_give_back(), "nobody is in line");
    }
    void after() { check(guarded.get() == 2, "one at a time has it"); }

    detail::basic_lock_word<relacy_sync> word;
    plain<int> guarded;
};

/// One that takes it without a line, and one that gets into line while it is held, waits, and gives up. The guard is an atomic of its own,
/// which tells nothing of what the mutex guards.
struct one_gives_up : scenario<one_gives_up> {
    void thread(unsigned number) {
        if (number == 0) {
            wait_until([this] { return word.try_take(); });
            guarded.set(guarded.get() + 1);
            if (!word.try_give_back()) end_awaited();
        } else if (!take_or_wait()) {
            wait_until([this] { return word.try_take(); });
            pass();
        } else {
            pass();
        }
    }
    bool take_or_wait() {
        lock_guard();
        const bool taken = word.take_or_announce(false);
        in_line = !taken;
        unlock_guard();
        return taken;
    }
    void end_awaited() {
        lock_guard();
        // Who is in line tries for it anew.
        if (in_line) word.let_go();
        unlock_guard();
    }
    void pass() {
        guarded.set(guarded.get() + 1);
        if (!word.try_give_back()) check(false, "nobody is in line");
    }
    void lock_guard() {
        wait_until([this] { return !guard.exchange(true, relaxed); });
    }
    void unlock_guard() { guard.store(false, relaxed); }
    void after() { check(guarded.get() == 2, "one at a time has it"); }

    detail::basic_lock_word<relacy_sync> word;
    atomic<bool> guard;
    bool in_line = false;
    plain<int> guarded;
};

TEST(lock_word, needs_its_memory_orders) {
    expect_orders_suffice_and_are_needed<two_take_it, one_gives_up>("mioco/detail/lock_word.hpp");
}

}  // namespace
}  // namespace mioco::relacy
