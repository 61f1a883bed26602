// SPDX-License-Identifier: MPL-2.0
#include "fiber/cancel_request.hpp"

#include <cstdint>
#include <optional>

#include "fiber/wait_word.hpp"
#include "model/expect_steps.hpp"
#include "model/model_sync.hpp"
#include "model/wait_word_text.hpp"

namespace mioco::model {
namespace {

using detail::wait_arm;

struct faults {
    bool reads_requests_late = false;  // who was asked, only after it is known whom the block is
    bool trusts_the_block = false;     // does not look again whose block it is before ending a wait
    bool looks_for_home_only = false;  // or not which of that runtime's fibers
    bool looks_first = false;          // looks for an open wait, then asks
    bool does_not_look_parked = false;  // who parks a fiber does not look for a request
    bool believes_the_hint = false;     // or takes the hint for a request
    bool cancels_any_wait = false;      // or ends whatever wait is open by then
};

/// What a request to stop takes of a block.
template <class Fault>
struct block {
    static constexpr int nobodys = 0;
    atomic<int> home;
    atomic<std::uint64_t> id;
    atomic<std::uint64_t, Fault> cancelled_id;
    atomic<bool> may_be_cancelled;
    detail::basic_wait_word<model_sync> word;
};

/// What ends the wait of the block's second fiber. The stop of the first one's runtime may be late, and may be its own too.
enum class second_end { data, data_at_the_same_home, request, own_request };

/// A block that is one fiber, then another.
template <class Fault = no_fault>
struct two_fibers {
    two_fibers(checker& run, second_end by, faults with)
        : wrong(with),
          second_ends(by),
          homes{0, 1, by == second_end::data_at_the_same_home ? 1 : 2} {
        run.name(shared.home, "home");
        run.name(shared.id, "id");
        run.name(shared.cancelled_id, "cancelled id");
        run.name(shared.may_be_cancelled, "may be cancelled");
        run.name(shared.word, "word", "", wait_word_text);
        run.name(published, "published");
        run.name(queued, "queued");
        run.name(leaves, "leaves");
        run.name(second_asked, "second asked");
        become(first);
        run.thread("fibers", [this] { run_both(); });
        for (int which : {first, second}) run.thread("next", [this, which] { settle(which); });
        run.thread("stop", [this] { cancel(homes[first]); });
        if (by != second_end::own_request) run.thread("later", [this] { end_second(); });
    }

    enum fibers : int { first = 1, second = 2 };
    enum class leaving { not_yet, for_a_wait, never };

    /// As prepare_block and make_fiber.
    void become(int which) {
        shared.may_be_cancelled.store(false);
        shared.id.store(static_cast<std::uint64_t>(which));
        shared.home.store(homes[which]);
    }

    void run_both() {
        // Or it ends by itself, and who asks it to stop finds that out at any later step.
        if (checker::current().choose(2) == 0) {
            wait(first);
        } else {
            leaves[first].store(leaving::never);
        }
        shared.home.store(block<Fault>::nobodys);
        become(second);
        if (second_ends == second_end::own_request) {
            second_asked.store(1);
            detail::request_own_cancel(shared);
        }
        if (wait(second) == wait_arm::cancel)
            check(was_second_asked(), "a fiber is cancelled that nobody asked to stop");
    }
    [[nodiscard]] bool was_second_asked() const {
        if (second_ends == second_end::data_at_the_same_home)
            return shared.cancelled_id.load() == second;
        return second_asked.load() == 1;
    }

    wait_arm wait(int which) {
        const std::uint64_t epoch = shared.word.begin(false);
        if (which == second) published.store(epoch);
        leaves[which].store(leaving::for_a_wait);
        block_until([this] { return queued.load() != 0; });
        queued.fetch_sub(1);
        return shared.word.winner();
    }

    void end_second() {
        if (second_ends == second_end::request) {
            block_until([this] { return shared.home.load() == homes[second]; });
            second_asked.store(1);
            return cancel(homes[second]);
        }
        block_until([this] { return published.load() != 0; });
        if (shared.word.claim(published.load(), wait_arm::event)) complete();
    }

    /// As worker::settle_parked, on the next stack.
    void settle(int which) {
        block_until([this, which] { return leaves[which].load() != leaving::not_yet; });
        if (leaves[which].load() == leaving::never) return;
        const auto wait = shared.word.park();
        if (wait.is_over) return make_ready();
        if (wrong.does_not_look_parked) return;
        const bool asked = wrong.believes_the_hint ? shared.may_be_cancelled.load()
                                                   : detail::is_cancel_requested(shared);
        const std::optional<std::uint64_t> open =
            wrong.cancels_any_wait ? shared.word.cancellable_epoch() : wait.epoch;
        if (asked && open && shared.word.claim_for_cancel(*open)) complete();
    }

    /// As `cancel` in runtime/cancel.cpp.
    void cancel(int home) {
        std::optional<std::uint64_t> open;
        if (wrong.looks_first) open = shared.word.cancellable_epoch();
        const auto id =
            wrong.reads_requests_late ? request_late(home) : detail::request_cancel(shared, home);
        if (!id) return;
        if (wrong.trusts_the_block || wrong.looks_for_home_only) {
            open = shared.word.cancellable_epoch();
            if (wrong.looks_for_home_only && shared.home.load() != home) return;
        } else if (!wrong.looks_first) {
            open = detail::wait_to_cancel(shared, home, *id);
        }
        if (open && shared.word.claim(*open, wait_arm::cancel)) complete();
    }
    std::optional<std::uint64_t> request_late(int home) {
        std::uint64_t id = 0;
        std::uint64_t requested = 0;
        do {
            id = shared.id.load();
            if (!detail::is_block_of(shared, home, id)) return std::nullopt;
            requested = shared.cancelled_id.load();
        } while (!shared.cancelled_id.compare_exchange_weak(requested, id));
        shared.may_be_cancelled.store(true);
        return id;
    }

    void complete() {
        if (shared.word.complete()) make_ready();
    }
    void make_ready() { check(queued.fetch_add(1) == 0, "a fiber is queued once"); }

    const faults wrong;
    const second_end second_ends;
    const int homes[3];  // of each fiber, by its number
    block<Fault> shared;
    atomic<std::uint64_t> published;  // the second fiber's wait, for its data
    atomic<leaving> leaves[3];        // a fiber has been left for its wait
    atomic<int> queued;
    atomic<int> second_asked;  // by name
};

constexpr const char* not_asked = "a fiber is cancelled that nobody asked to stop";

struct exchanges_blindly : no_fault {
    static constexpr bool blind_weak_exchange = true;
};

TEST(cancel_request, reaches_a_fiber_and_no_later_one_of_its_block) {
    expect_holds(explore<two_fibers<>>({}, second_end::data, faults{}));
}

TEST(cancel_request, is_not_lost_to_a_late_one_for_an_earlier_fiber_of_the_block) {
    expect_holds(explore<two_fibers<>>({}, second_end::request, faults{}));
}

TEST(cancel_request, reaches_no_later_fiber_of_the_same_runtime_but_by_its_name) {
    expect_holds(explore<two_fibers<>>({}, second_end::data_at_the_same_home, faults{}));
}

TEST(cancel_request, of_a_fiber_itself_is_not_lost_to_a_late_one_for_an_earlier_one) {
    expect_holds(explore<two_fibers<>>({}, second_end::own_request, faults{}));
}

TEST(cancel_request, mutant_that_exchanges_without_comparing) {
    expect_violation(explore<two_fibers<exchanges_blindly>>({}, second_end::request, faults{}),
                     waits_for_ever);
}

TEST(cancel_request, mutant_that_reads_who_was_asked_after_whose_the_block_is) {
    expect_violation(
        explore<two_fibers<>>({}, second_end::request, faults{.reads_requests_late = true}),
        waits_for_ever);
}

TEST(cancel_request, mutant_that_trusts_the_block) {
    expect_violation(explore<two_fibers<>>({}, second_end::data, faults{.trusts_the_block = true}),
                     not_asked);
}

TEST(cancel_request, mutant_that_does_not_look_which_fiber_of_its_runtime_it_is) {
    expect_violation(explore<two_fibers<>>({}, second_end::data_at_the_same_home,
                                           faults{.looks_for_home_only = true}),
                     not_asked);
}

TEST(cancel_request, mutant_that_looks_for_a_wait_before_it_asks) {
    expect_violation(explore<two_fibers<>>({}, second_end::data, faults{.looks_first = true}),
                     waits_for_ever);
}

TEST(cancel_request, mutant_that_parks_without_a_look) {
    expect_violation(
        explore<two_fibers<>>({}, second_end::data, faults{.does_not_look_parked = true}),
        waits_for_ever);
}

TEST(cancel_request, mutant_that_takes_the_hint_for_a_request) {
    expect_violation(explore<two_fibers<>>({}, second_end::data, faults{.believes_the_hint = true}),
                     not_asked);
}

TEST(cancel_request, mutant_that_ends_whatever_wait_is_open) {
    expect_violation(explore<two_fibers<>>({}, second_end::data, faults{.cancels_any_wait = true}),
                     not_asked);
}

/// A fiber whose block has the hint from a `with_deadline`: it takes that back while somebody asks it to stop, and then waits.
struct hinted_fiber {
    hinted_fiber(checker& run, bool looks_first) {
        run.name(shared.home, "home");
        run.name(shared.id, "id");
        run.name(shared.cancelled_id, "cancelled id");
        run.name(shared.may_be_cancelled, "may be cancelled");
        run.name(shared.word, "word", "", wait_word_text);
        shared.id.store(1);
        shared.home.store(1);
        shared.may_be_cancelled.store(true);
        run.thread("fiber", [this, looks_first] {
            if (looks_first) {
                if (shared.cancelled_id.load() != shared.id.load())
                    shared.may_be_cancelled.store(false);
            } else {
                detail::forget_hint(shared);
            }
            static_cast<void>(shared.word.begin(false));
            const auto wait = shared.word.park();
            if (!wait.is_over && detail::is_cancel_requested(shared) &&
                shared.word.claim_for_cancel(wait.epoch))
                static_cast<void>(shared.word.complete());
        });
        run.thread("stop", [this] {
            const auto id = detail::request_cancel(shared, 1);
            if (const auto open = detail::wait_to_cancel(shared, 1, *id);
                open && shared.word.claim(*open, wait_arm::cancel))
                static_cast<void>(shared.word.complete());
        });
        run.at_end([this] { check(shared.word.is_done(), "who is asked to stop is woken"); });
    }

    block<no_fault> shared;
};

TEST(cancel_request, is_not_lost_to_a_hint_that_is_taken_back) {
    expect_holds(explore<hinted_fiber>({}, false));
}

TEST(cancel_request, mutant_that_looks_before_it_takes_the_hint_back) {
    expect_violation(explore<hinted_fiber>({}, true), "who is asked to stop is woken");
}

TEST(cancel_request, needs_each_step) {
    expect_needs_each_step(
        "fiber/cancel_request.hpp",
        {[] {
             return explore<two_fibers<>>({.preemptions = 2}, second_end::own_request, faults{});
         },
         [] { return explore<two_fibers<>>({.preemptions = 2}, second_end::request, faults{}); },
         [] { return explore<two_fibers<>>({.preemptions = 2}, second_end::data, faults{}); },
         [] { return explore<hinted_fiber>({}, false); }});
}

}  // namespace
}  // namespace mioco::model
