// SPDX-License-Identifier: MPL-2.0
// Cancels and deadlines at each call that waits for other fibers or for the time; those for IO are in cancel_sweep_io_test.cpp.
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/cancel_sweep.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::beside;
using mioco_test::blocking_call;
using mioco_test::flag;
using mioco_test::lasting;
using mioco_test::scene;
using enum mioco_test::seen;

auto later() { return mioco_test::now() + 1h; }

// Channels

using ints = std::pair<mioco::sender<int>, mioco::receiver<int>>;

template <class Receive>
std::function<scene()> receiving(std::size_t capacity, Receive receive) {
    return [=] {
        const auto ends = std::make_shared<ints>(mioco::channel<int>(capacity));
        return scene{[=](lasting) { EXPECT_EQ(receive(ends->second), 7); },
                     [=] { ends->first.send(7); }, [=] { EXPECT_EQ(ends->second.size(), 0U); }};
    };
}

// With no room until its partner receives.
template <class Send>
std::function<scene()> sending(std::size_t capacity, Send send) {
    return [=] {
        const auto ends = std::make_shared<ints>(mioco::channel<int>(capacity));
        for (std::size_t i = 0; i < capacity; ++i) ends->first.send(6);
        return scene{[=](lasting) { send(ends->first, 7); },
                     [=] {
                         for (std::size_t i = 0; i < capacity; ++i)
                             EXPECT_EQ(ends->second.recv(), 6);
                         EXPECT_EQ(ends->second.recv(), 7);
                     },
                     [=] { EXPECT_EQ(ends->second.size(), 0U); }};
    };
}

template <class Receive>
scene receiving_once(Receive receive) {
    struct both {
        std::optional<mioco::oneshot_sender<int>> in;
        std::optional<mioco::oneshot_receiver<int>> out;
    };
    const auto ends = std::make_shared<both>();
    auto [in, out] = mioco::oneshot<int>();
    ends->in.emplace(std::move(in));
    ends->out.emplace(std::move(out));
    return {[=](lasting) { EXPECT_EQ(receive(*ends->out), 7); },
            [=] { EXPECT_FALSE(std::move(*ends->in).send(7)); }};
}

template <class Receive>
scene receiving_news(Receive receive) {
    const auto in = std::make_shared<mioco::broadcast_sender<int>>(4);
    const auto out = std::make_shared<mioco::broadcast_receiver<int>>(in->subscribe());
    return {[=](lasting) {
                const auto item = receive(*out);
                ASSERT_TRUE(item);
                EXPECT_EQ(item->value, 7);
                EXPECT_EQ(item->missed, 0U);
            },
            [=] { in->send(7); }};
}

scene watching() {
    const auto in = std::make_shared<mioco::watch_sender<int>>(6);
    const auto out = std::make_shared<mioco::watch_receiver<int>>(in->subscribe());
    return {[=](lasting) { EXPECT_EQ(*out->changed(), 7); }, [=] { in->send(7); }};
}

int select_of(mioco::receiver<int>& from) {
    auto got = mioco::select(from.receiving(), mioco::after(1h));
    return std::get<0>(got).value_or(0);
}

int select_of_list(mioco::receiver<int>& from) {
    std::vector<mioco::any_case> cases;
    cases.emplace_back(from.receiving());
    EXPECT_EQ(mioco::select(cases), 0U);
    return cases[0].take<std::optional<int>>().value_or(0);
}

std::vector<blocking_call> of_channels() {
    const auto recv = [](auto& from) { return from.recv(); };
    const auto recv_for = [](auto& from) { return from.try_recv_for(1h); };
    const auto send = [](auto& to, int item) { to.send(item); };
    return {
        {"receiver::recv", throws, throws, receiving(0, recv)},
        {"receiver::recv", throws, throws, receiving(1, recv)},
        {"receiver::recv", throws, throws, receiving(1'000'000, recv)},
        {"receiver::try_recv_for", throws, throws, receiving(0, recv_for)},
        {"receiver::try_recv_until", throws, throws,
         receiving(1, [](auto& from) { return from.try_recv_until(later()); })},
        {"receiver::begin", throws, throws, receiving(1, [](auto& from) { return *from.begin(); })},
        {"sender::send", throws, throws, sending(0, send)},
        {"sender::send", throws, throws, sending(2, send)},
        {"sender::try_send_for", throws, throws,
         sending(0, [](auto& to, int item) { EXPECT_FALSE(to.try_send_for(item, 1h)); })},
        {"sender::try_send_until", throws, throws,
         sending(2, [](auto& to, int item) { EXPECT_FALSE(to.try_send_until(item, later())); })},
        {"oneshot_receiver::recv", throws, throws, [=] { return receiving_once(recv); }},
        {"oneshot_receiver::try_recv_for", throws, throws,
         [=] { return receiving_once(recv_for); }},
        {"broadcast_receiver::recv", throws, throws, [=] { return receiving_news(recv); }},
        {"broadcast_receiver::try_recv_for", throws, throws,
         [=] { return receiving_news(recv_for); }},
        {"watch_receiver::changed", throws, throws, watching},
        {"select", throws, throws, receiving(0, select_of)},
        {"select", throws, throws, receiving(1, select_of_list)},
    };
}
MIOCO_SWEEP(channels, of_channels);

// Time

std::chrono::nanoseconds span_of(lasting time) { return time == lasting::long_time ? 1h : 50us; }

template <class Wait>
std::function<scene()> passing(Wait wait) {
    return [=] { return scene{[=](lasting time) { wait(span_of(time)); }}; };
}

scene yielding() {
    return {[](lasting time) {
        do mioco::yield();
        while (time == lasting::long_time);
    }};
}

std::vector<blocking_call> of_time() {
    return {
        {"sleep_for", throws, throws, passing([](auto span) { mioco::sleep_for(span); })},
        {"sleep_until", throws, throws,
         passing([](auto span) { mioco::sleep_until(mioco_test::now() + span); })},
        {"timer::wait", throws, throws, passing([](auto span) { mioco::timer(span).wait(); })},
        {"interval::tick", throws, throws,
         passing([](auto span) { mioco::interval(span).tick(); })},
        {"yield", throws, throws, yielding},
    };
}
MIOCO_SWEEP(time, of_time);

// Locks, and what else is waited for in line

template <class Lock, class Take, class GiveBack>
std::function<scene()> locking(Take take, GiveBack give_back) {
    return [=] {
        const auto held = std::make_shared<Lock>();
        held->lock();
        return scene{[=](lasting) {
                         take(*held);
                         give_back(*held);
                     },
                     [=] { held->unlock(); },
                     [=] {
                         EXPECT_TRUE(held->try_lock());
                         held->unlock();
                     }};
    };
}

template <class Wait>
std::function<scene()> conditions(Wait wait) {
    struct shared {
        mioco::mutex guard;
        mioco::condition_variable changed;
        bool is_set = false;
    };
    return [=] {
        const auto one = std::make_shared<shared>();
        return scene{[=](lasting) {
                         std::unique_lock held(one->guard);
                         try {
                             while (!one->is_set) wait(one->changed, held, one->is_set);
                         } catch (...) {
                             EXPECT_TRUE(held.owns_lock());
                             throw;
                         }
                     },
                     [=] {
                         const std::scoped_lock held(one->guard);
                         one->is_set = true;
                         one->changed.notify_one();
                     },
                     [=] {
                         EXPECT_TRUE(one->guard.try_lock());
                         one->guard.unlock();
                     }};
    };
}

template <class Acquire>
std::function<scene()> acquiring(Acquire acquire) {
    return [=] {
        const auto permits = std::make_shared<mioco::counting_semaphore<>>(0);
        return scene{[=](lasting) { acquire(*permits); }, [=] { permits->release(); },
                     [=] { EXPECT_FALSE(permits->try_acquire()); }};
    };
}

scene waiting_at_a_latch() {
    const auto point = std::make_shared<mioco::latch>(1);
    return {[=](lasting) { point->wait(); }, [=] { point->count_down(); }};
}

// Who is interrupted has arrived all the same.
scene arriving_at_a_latch() {
    const auto point = std::make_shared<mioco::latch>(2);
    const auto has_come = std::make_shared<std::atomic<bool>>(false);
    return {[=](lasting) { has_come->exchange(true) ? point->wait() : point->arrive_and_wait(); },
            [=] { point->count_down(); }, [=] { EXPECT_TRUE(point->try_wait()); }};
}

template <class Arrive>
std::function<scene()> arriving_at_a_barrier(Arrive arrive) {
    return [=] {
        const auto meeting = std::make_shared<mioco::barrier<>>(2);
        const auto phases = std::make_shared<std::atomic<int>>(0);
        return scene{[=](lasting) {
                         // A second time in place of one that was interrupted, which has arrived.
                         if (phases->fetch_add(1) == 0) arrive(*meeting);
                     },
                     [=] { meeting->arrive_and_wait(); }};
    };
}

template <class Wait>
std::function<scene()> group_waiting(Wait wait) {
    return [=] {
        const auto group = std::make_shared<mioco::wait_group>(1);
        return scene{[=](lasting) { wait(*group); }, [=] { group->done(); }};
    };
}

template <class Wait>
std::function<scene()> event_waiting(Wait wait) {
    return [=] {
        const auto happens = std::make_shared<mioco::event>();
        return scene{[=](lasting) { wait(*happens); }, [=] { happens->notify(); },
                     [=] { EXPECT_TRUE(happens->try_wait()); }};
    };
}

scene waiting_for_another_call_once() {
    struct shared {
        mioco::once_flag done;
        flag begun;
        flag go_on;
        std::atomic<int> calls = 0;
        std::optional<beside> first;
    };
    const auto one = std::make_shared<shared>();
    one->first.emplace([raw = one.get()] {
        mioco::call_once(raw->done, [&] {
            raw->begun.raise();
            raw->go_on.await();
            ++raw->calls;
        });
    });
    one->begun.await();
    return {[=](lasting) {
                mioco::call_once(one->done, [&] { ++one->calls; });
                EXPECT_EQ(one->calls, 1);
            },
            [=] { one->go_on.raise(); }, [=] { one->first->join(); }};
}

std::vector<blocking_call> of_locks() {
    const auto unlock = [](auto& lock) { lock.unlock(); };
    const auto unlock_shared = [](auto& lock) { lock.unlock_shared(); };
    const auto lock = [](auto& mutex) { mutex.lock(); };
    const auto lock_for = [](auto& mutex) { EXPECT_TRUE(mutex.try_lock_for(1h)); };
    const auto lock_until = [](auto& mutex) { EXPECT_TRUE(mutex.try_lock_until(later())); };
    using mioco::mutex;
    using mioco::shared_mutex;
    return {
        {"mutex::lock", not_seen, throws_if_it_waits, locking<mutex>(lock, unlock)},
        {"mutex::try_lock_for", not_seen, throws_if_it_waits, locking<mutex>(lock_for, unlock)},
        {"mutex::try_lock_until", not_seen, throws_if_it_waits, locking<mutex>(lock_until, unlock)},
        {"shared_mutex::lock", not_seen, throws_if_it_waits, locking<shared_mutex>(lock, unlock)},
        {"shared_mutex::try_lock_for", not_seen, throws_if_it_waits,
         locking<shared_mutex>(lock_for, unlock)},
        {"shared_mutex::try_lock_until", not_seen, throws_if_it_waits,
         locking<shared_mutex>(lock_until, unlock)},
        {"shared_mutex::lock_shared", not_seen, throws_if_it_waits,
         locking<shared_mutex>([](auto& shared) { shared.lock_shared(); }, unlock_shared)},
        {"shared_mutex::try_lock_shared_for", not_seen, throws_if_it_waits,
         locking<shared_mutex>([](auto& shared) { EXPECT_TRUE(shared.try_lock_shared_for(1h)); },
                               unlock_shared)},
        {"shared_mutex::try_lock_shared_until", not_seen, throws_if_it_waits,
         locking<shared_mutex>(
             [](auto& shared) { EXPECT_TRUE(shared.try_lock_shared_until(later())); },
             unlock_shared)},
        {"condition_variable::wait", throws, throws,
         conditions([](auto& changed, auto& held, bool) { changed.wait(held); })},
        {"condition_variable::wait", throws, throws,
         conditions([](auto& changed, auto& held, bool& is_set) {
             changed.wait(held, [&] { return is_set; });
         })},
        {"condition_variable::wait_for", throws, throws,
         conditions([](auto& changed, auto& held, bool) { changed.wait_for(held, 1h); })},
        {"condition_variable::wait_until", throws, throws,
         conditions([](auto& changed, auto& held, bool) { changed.wait_until(held, later()); })},
    };
}
MIOCO_SWEEP(locks, of_locks);

std::vector<blocking_call> of_counts() {
    return {
        {"counting_semaphore::acquire", throws, throws,
         acquiring([](auto& permits) { permits.acquire(); })},
        {"counting_semaphore::try_acquire_for", throws, throws,
         acquiring([](auto& permits) { EXPECT_TRUE(permits.try_acquire_for(1h)); })},
        {"counting_semaphore::try_acquire_until", throws, throws,
         acquiring([](auto& permits) { EXPECT_TRUE(permits.try_acquire_until(later())); })},
        {"latch::wait", throws, throws, waiting_at_a_latch},
        {"latch::arrive_and_wait", throws, throws, arriving_at_a_latch},
        {"barrier::wait", throws, throws,
         arriving_at_a_barrier([](auto& meeting) { meeting.wait(meeting.arrive()); })},
        {"barrier::arrive_and_wait", throws, throws,
         arriving_at_a_barrier([](auto& meeting) { meeting.arrive_and_wait(); })},
        {"wait_group::wait", throws, throws, group_waiting([](auto& group) { group.wait(); })},
        {"wait_group::wait_for", throws, throws,
         group_waiting([](auto& group) { EXPECT_TRUE(group.wait_for(1h)); })},
        {"event::wait", throws, throws, event_waiting([](auto& it) { it.wait(); })},
        {"event::wait_for", throws, throws,
         event_waiting([](auto& it) { EXPECT_TRUE(it.wait_for(1h)); })},
        {"call_once", throws, throws, waiting_for_another_call_once},
    };
}
MIOCO_SWEEP(counts, of_counts);

}  // namespace
