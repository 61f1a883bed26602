// SPDX-License-Identifier: MPL-2.0
#include "sched/watch_board.hpp"

#include "relacy/explore.hpp"

namespace mioco::relacy {
namespace {

/// A worker that begins to run fibers, and another that goes to sleep.
template <class Self>
struct two_workers : scenario<Self> {
    void thread(unsigned number) {
        if (number == 0) {
            board.count_busy();
            if (!board.is_watched()) is_roused = asleep.load();
        } else if (!static_cast<Self&>(*this).begin_sleep()) {
            asleep.store(true);
            is_needed = board.needs_watcher();
        } else {
            watches = true;
        }
    }
    void after() { check(watches || is_roused || is_needed, "who runs a fiber is watched"); }

    detail::basic_watch_board<relacy_sync> board{2};
    atomic<bool> asleep;  // the gate
    bool watches = false;
    bool is_roused = false;
    bool is_needed = false;
};

/// It was busy, and watches if somebody else still is, as neighbourhood::fall_asleep.
struct one_was_busy : two_workers<one_was_busy> {
    void before() { board.count_busy(); }
    bool begin_sleep() {
        board.count_idle();
        return board.any_busy() && board.try_watch();
    }
};

/// It was the watcher, and stops that for good.
struct one_has_watched : two_workers<one_has_watched> {
    void before() { check(board.try_watch() && !board.try_watch(), "one is enough"); }
    bool begin_sleep() {
        board.stop_watching();
        return false;
    }
};

TEST(watch_board, needs_its_memory_orders) {
    expect_orders_suffice_and_are_needed<one_was_busy, one_has_watched>("sched/watch_board.hpp");
}

}  // namespace
}  // namespace mioco::relacy
