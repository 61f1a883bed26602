// SPDX-License-Identifier: MPL-2.0
#include "sched/run_queue.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "relacy/explore.hpp"

namespace mioco::relacy {
namespace {

struct item {
    plain<int> fiber;
    plain<int> taken;

    void take() {
        check(fiber.get() == 1 && taken.get() == 0, "an item is taken once, as it was put in");
        taken.set(1);
    }
};

/// An owner that puts in and takes out, and a thief. The ring wraps.
struct each_item_goes_to_one : scenario<each_item_goes_to_one> {
    using queue_type = detail::basic_run_queue<item, 2, relacy_sync>;
    static constexpr bounds limits{.preemptions = 2};

    void thread(unsigned number) { number == 0 ? own() : steal(); }
    void own() {
        for (item& each : items) {
            each.fiber.set(1);
            if (queue.room() == 0) pop();
            check(queue.push(&each), "there is room");
        }
        if (!queue.empty()) pop();
    }
    void pop() {
        if (item* const next = queue.pop()) next->take();
    }
    void steal() {
        const std::uint64_t position = queue.position();
        std::array<item*, queue_type::most_stolen> loot{};
        const std::size_t count = queue.steal(loot);
        for (std::size_t i = 0; i < count; ++i) loot[i]->take();
        static_cast<void>(queue.has_before(position));
    }
    void after() {
        while (!queue.empty()) pop();
        for (const item& each : items) check(each.taken.get() == 1, "each item is taken");
    }

    queue_type queue;
    item items[3];
};

// As long as one thief takes all that there is, its exchanges never fail: so nobody may read an entry while another writes over it.
struct plain_entries : relacy_sync {
    template <class T>
    using atomic = std::conditional_t<std::is_pointer_v<T>, plain<T>, relacy::atomic<T>>;
};

/// An owner that comes round to entries that a thief has read.
struct an_entry_is_written_over : scenario<an_entry_is_written_over> {
    using queue_type = detail::basic_run_queue<item, 2, plain_entries>;

    void thread(unsigned number) { number == 0 ? own() : steal(); }
    void own() {
        for (item& each : items) {
            each.fiber.set(1);
            wait_until([&] { return queue.push(&each); });
        }
    }
    void steal() {
        std::array<item*, queue_type::most_stolen> loot{};
        wait_until([&] { return queue.steal(loot) != 0; });
        loot[0]->take();
    }

    queue_type queue;
    item items[3];
};

TEST(run_queue, needs_its_memory_orders) {
    expect_orders_suffice_and_are_needed<an_entry_is_written_over, each_item_goes_to_one>(
        "sched/run_queue.hpp");
}

}  // namespace
}  // namespace mioco::relacy
