// SPDX-License-Identifier: MPL-2.0
#include "signal/signal_target.hpp"

#include "relacy/explore.hpp"

namespace mioco::relacy {
namespace {

struct runtime {
    plain<int> alive{1};
};

/// A handler of a signal, and the end of the runtime that it stops.
template <class Self>
struct a_signal_comes : scenario<Self> {
    void before() { set(ending); }
    void thread(unsigned number) {
        if (number == 0) {
            target.reach([](runtime& found) {
                check(found.alive.get() == 1, "a handler finds no runtime after its end");
            });
        } else {
            static_cast<Self&>(*this).change();
            wait_until([this] { return target.is_unused(); });
            ending.alive.set(0);
        }
    }
    void set(runtime& asking) {
        check(target.set(asking, [](bool) { return true; }), "the handler is installed");
    }
    void forget() {
        target.forget(ending, [] {});
        check(!target.is(ending), "what has ended is no target");
    }

    runtime ending;
    runtime next;
    detail::basic_signal_target<runtime, relacy_sync> target;
};

struct the_target_ends : a_signal_comes<the_target_ends> {
    void change() { forget(); }
};

/// Another one has taken its place.
struct the_last_target_ends : a_signal_comes<the_last_target_ends> {
    void change() {
        set(next);
        forget();
    }
};

/// It wanted to be the target again, and got no handler.
struct no_handler_is_installed : a_signal_comes<no_handler_is_installed> {
    void before() { set(next); }
    void change() {
        check(!target.set(ending, [](bool) { return false; }), "no handler is installed");
        forget();
    }
};

/// A runtime that is set while a handler looks.
struct one_is_set : scenario<one_is_set> {
    void thread(unsigned number) {
        if (number == 0) {
            target.reach([](runtime& found) {
                check(found.alive.get() == 2, "a handler finds a runtime as it is");
            });
        } else {
            asking.alive.set(2);
            check(target.set(asking, [](bool) { return true; }), "the handler is installed");
        }
    }

    runtime asking;
    detail::basic_signal_target<runtime, relacy_sync> target;
};

TEST(signal_target, needs_its_memory_orders) {
    expect_orders_suffice_and_are_needed<the_target_ends, the_last_target_ends,
                                         no_handler_is_installed, one_is_set>(
        "signal/signal_target.hpp");
}

}  // namespace
}  // namespace mioco::relacy
