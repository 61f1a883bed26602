// SPDX-License-Identifier: MPL-2.0
#include "fiber/wait_word.hpp"

#include <cstdint>

#include "relacy/explore.hpp"

namespace mioco::relacy {
namespace {

using detail::wait_arm;
using detail::wait_token;
using word_type = detail::basic_wait_word<relacy_sync>;

constexpr auto relaxed = std::memory_order_relaxed;

/// A fiber that waits once. Whoever makes it ready resumes it, so that nothing but the word tells it what others did.
template <class Self>
struct one_wait : scenario<Self> {
    /// The fiber until it waits, and the next stack.
    typename word_type::parked_wait wait(bool publishes) {
        frame.set(1);
        const std::uint64_t epoch = word.begin(false);
        if (publishes) published.store(epoch, relaxed);
        registers.set(1);
        const auto parked = word.park();
        if (parked.is_over) resume();
        return parked;
    }
    // By its name alone, so it may not see the wait at once.
    void claim_published() {
        wait_until([this] { return word.claim(published.load(relaxed), wait_arm::event); });
    }
    void complete() {
        if (word.complete()) resume();
    }
    void resume() {
        static_cast<void>(message.get());
        registers.set(0);
        frame.set(frame.get() + 1);
        ++resumed;
    }
    void after() { check(resumed == 1, "a fiber is resumed once"); }

    word_type word;
    atomic<std::uint64_t> published;
    plain<int> frame;
    plain<int> registers;
    plain<int> message;
    int resumed = 0;
};

/// A waker that writes into the frame between its claim and the end of it.
struct hands_over : one_wait<hands_over> {
    void thread(unsigned number) {
        if (number == 0) {
            wait(true);
        } else {
            claim_published();
            frame.set(2);
            complete();
        }
    }
};

/// A waker that writes before it claims, and has nothing to hand over.
struct ends_in_one_step : one_wait<ends_in_one_step> {
    void thread(unsigned number) {
        if (number == 0) {
            wait(true);
            return;
        }
        message.set(1);
        auto ended = word_type::ending::lost;
        wait_until([&] {
            ended = word.claim_and_complete(published.load(relaxed), wait_arm::event);
            return ended != word_type::ending::lost;
        });
        if (ended == word_type::ending::won_parked) resume();
    }
};

/// The same, if the fiber is parked by then.
struct ends_if_parked : one_wait<ends_if_parked> {
    void thread(unsigned number) {
        if (number == 0) {
            wait(true);
            return;
        }
        wait_until([this] { return published.load(relaxed) != 0; });
        if (word.claim_if_parked(wait_token(1, published.load(relaxed)), wait_arm::event))
            return resume();
        claim_published();
        complete();
    }
};

/// A thread that waits, and looks whether it was woken.
struct blocks_a_thread : scenario<blocks_a_thread> {
    void thread(unsigned number) {
        if (number == 0) {
            published.store(word.begin(true), relaxed);
            wait_until([this] { return word.is_done(); });
            check(frame.get() == 2 && word.winner() == wait_arm::event, "a thread is woken");
        } else {
            wait_until([this] { return word.claim(published.load(relaxed), wait_arm::event); });
            frame.set(2);
            static_cast<void>(word.complete());
        }
    }

    word_type word;
    atomic<std::uint64_t> published;
    plain<int> frame;
};

/// Who cancels sets a flag, then looks for a wait; who parks the fiber looks for the flag.
struct is_cancelled : one_wait<is_cancelled> {
    void thread(unsigned number) {
        if (number == 0) {
            const auto parked = wait(false);
            if (!parked.is_over && flag.load() && word.claim_for_cancel(parked.epoch)) complete();
        } else {
            flag.store(true);
            const auto epoch = word.cancellable_epoch();
            if (!epoch || !word.claim(*epoch, wait_arm::cancel)) return;
            frame.set(2);
            complete();
        }
    }

    atomic<bool> flag;
};

/// A timer says that it is disarmed, then looks for a parked wait; who parks the fiber looks whether it is.
struct is_timed : scenario<is_timed> {
    void thread(unsigned number) {
        if (number == 0) {
            static_cast<void>(word.begin(false));
            static_cast<void>(word.park());
            is_disarmed = disarmed.load();
        } else {
            disarmed.store(true);
            is_open = word.open_epoch().has_value();
        }
    }
    void after() { check(is_disarmed || is_open, "one of the two sees the other"); }

    word_type word;
    atomic<bool> disarmed;
    bool is_disarmed = false;
    bool is_open = false;
};

/// What an onlooker has read while the wait was open no later owner of the fiber has written.
struct is_looked_at : scenario<is_looked_at> {
    void before() {
        epoch = word.begin(false);
        static_cast<void>(word.park());
    }
    void thread(unsigned number) {
        if (number == 0) {
            wait_until([this] { return has_looked.load(relaxed); });
            if (word.claim_and_complete(epoch, wait_arm::event) != word_type::ending::lost)
                frame.set(2);
        } else if (const auto open = word.open_epoch()) {
            const int seen = frame.get();
            if (!word.is_still_open(*open)) return;
            check(seen == 0, "nobody has written meanwhile");
            has_looked.store(true, relaxed);
        }
    }

    word_type word;
    std::uint64_t epoch = 0;
    atomic<bool> has_looked;
    plain<int> frame;
};

/// A ready fiber in somebody's keeping, and a stop that takes it back.
struct is_kept : scenario<is_kept> {
    void thread(unsigned number) {
        if (number == 0) {
            fiber.set(1);
            const std::uint64_t epoch = word.keep();
            if (stopping.load() && word.take(epoch)) run();
        } else {
            stopping.store(true);
            const auto epoch = word.kept_epoch();
            if (epoch && word.take(*epoch)) run();
        }
    }
    void run() {
        fiber.set(fiber.get() + 1);
        ++runs;
    }
    void after() { check(runs == 1, "a fiber in keeping runs once"); }

    word_type word;
    atomic<bool> stopping;
    plain<int> fiber;
    int runs = 0;
};

/// One that is told of it by name alone.
struct is_passed_on : scenario<is_passed_on> {
    void thread(unsigned number) {
        if (number == 0) {
            fiber.set(1);
            name.store(word.keep(), relaxed);
        } else {
            wait_until([this] { return word.take(name.load(relaxed)); });
            fiber.set(2);
        }
    }

    word_type word;
    atomic<std::uint64_t> name;
    plain<int> fiber;
};

TEST(wait_word, needs_its_memory_orders) {
    expect_orders_suffice_and_are_needed<hands_over, ends_in_one_step, ends_if_parked,
                                         blocks_a_thread, is_cancelled, is_timed, is_looked_at,
                                         is_kept, is_passed_on>("fiber/wait_word.hpp");
}

}  // namespace
}  // namespace mioco::relacy
