// SPDX-License-Identifier: MPL-2.0
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

namespace {

using namespace std::chrono_literals;
using mioco::after;
using mioco::on;
using mioco::otherwise;
using mioco_test::beside;
using mioco_test::connected_pair;
using mioco_test::error_of;

class select : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(select);

template <class F>
void inside_and_outside(unsigned workers, F&& f) {
    mioco::run(mioco::config{}.workers(workers), f);
    f();
}

TEST_P(select, takes_the_case_that_is_there) {
    inside_and_outside(GetParam(), [] {
        auto [in, out] = mioco::channel<int>(1);
        auto [other_in, other_out] = mioco::channel<std::string>(1);
        other_in.send("text");
        auto event = mioco::select(out.receiving(), other_out.receiving());
        ASSERT_EQ(event.index(), 1U);
        EXPECT_EQ(std::get<1>(event), "text");
        EXPECT_EQ(other_out.size(), 0U);
    });
}

TEST_P(select, waits_for_the_first_of_its_cases) {
    inside_and_outside(GetParam(), [] {
        auto [in, out] = mioco::channel<int>(0);
        auto [other_in, other_out] = mioco::channel<int>(0);
        beside sending([in = other_in] { in.send(5); });
        auto event = mioco::select(out.receiving(), other_out.receiving(), after(1h));
        ASSERT_EQ(event.index(), 1U);
        EXPECT_EQ(std::get<1>(event), 5);
        sending.join();
    });
}

TEST_P(select, sends_only_where_the_item_is_taken) {
    inside_and_outside(GetParam(), [] {
        auto [in, out] = mioco::channel<std::unique_ptr<int>>(0);
        auto [full, full_out] = mioco::channel<int>(1);
        full.send(0);
        beside receiving([out = out] { EXPECT_EQ(**out.recv(), 9); });
        auto event =
            mioco::select(full.sending(1), in.sending(std::make_unique<int>(9)), after(1h));
        ASSERT_EQ(event.index(), 1U);
        EXPECT_EQ(std::get<1>(event), std::nullopt);
        receiving.join();
        EXPECT_EQ(full.size(), 1U);
    });
}

TEST_P(select, gives_a_refused_item_back) {
    inside_and_outside(GetParam(), [] {
        auto [in, out] = mioco::channel<std::unique_ptr<int>>(0);
        beside closing([out = std::move(out)]() mutable {
            mioco::sleep_for(1ms);
            out = {};
        });
        auto event = mioco::select(in.sending(std::make_unique<int>(9)), after(1h));
        ASSERT_EQ(event.index(), 0U);
        ASSERT_TRUE(std::get<0>(event));
        EXPECT_EQ(**std::get<0>(event), 9);
        closing.join();
    });
}

TEST_P(select, two_that_offer_each_other_an_item_meet) {
    run([] {
        auto [in, out] = mioco::channel<int>(0);
        auto [back_in, back_out] = mioco::channel<int>(0);
        constexpr int rounds = 500;
        const auto trade = [&](int& given, int& taken) {
            while (given + taken < rounds) {
                auto event = mioco::select(in.sending(1), out.receiving());
                ++(event.index() == 0 ? given : taken);
            }
        };
        std::array<int, 4> counts{};
        auto other = mioco::spawn([&] { trade(counts[0], counts[1]); });
        trade(counts[2], counts[3]);
        other.join();
        EXPECT_EQ(counts[0], counts[3]);
        EXPECT_EQ(counts[1], counts[2]);
    });
}

TEST_P(select, losing_cases_take_nothing) {
    inside_and_outside(GetParam(), [] {
        auto [in, out] = mioco::channel<int>(8);
        auto [other_in, other_out] = mioco::channel<int>(8);
        int sent = 0;
        for (int i = 0; i < 8; ++i) {
            in.send(i);
            other_in.send(i);
            sent += 2;
        }
        int taken = 0;
        while (true) {
            auto event = mioco::select(out.receiving(), other_out.receiving(), otherwise);
            if (event.index() == 2) break;
            ++taken;
        }
        EXPECT_EQ(taken, sent);
    });
}

TEST_P(select, starves_no_case) {
    inside_and_outside(GetParam(), [] {
        auto [in, out] = mioco::channel<int>(1);
        auto [other_in, other_out] = mioco::channel<int>(1);
        std::array<int, 4> won{};
        in.send(0);
        other_in.send(0);
        for (int i = 0; i < 4'000; ++i) {
            auto event = mioco::select(out.receiving(), other_out.receiving(), after(0s),
                                       mioco::at(mioco_test::now()));
            ++won[event.index()];
            if (event.index() == 0) in.send(0);
            if (event.index() == 1) other_in.send(0);
        }
        // By chance alone one of them stays below half of its share about once in 10^80 runs.
        for (const int each : won) EXPECT_GT(each, 500);
    });
}

TEST_P(select, the_same_channel_may_stand_in_it_twice) {
    inside_and_outside(GetParam(), [] {
        auto [in, out] = mioco::channel<int>(0);
        beside sending([in = in] {
            for (int i = 0; i < 20; ++i) in.send(i);
        });
        for (int i = 0; i < 20; ++i) {
            auto event = mioco::select(out.receiving(), out.receiving(), in.sending(-1));
            ASSERT_NE(event.index(), 2U);
            std::visit([i](auto& got) { EXPECT_EQ(got, i); }, event);
        }
        sending.join();
    });
}

TEST_P(select, does_not_wait_with_otherwise) {
    inside_and_outside(GetParam(), [] {
        auto [in, out] = mioco::channel<int>(1);
        EXPECT_EQ(mioco::select(otherwise, out.receiving()).index(), 0U);
        in.send(1);
        EXPECT_EQ(mioco::select(otherwise, out.receiving()).index(), 1U);
    });
}

TEST_P(select, calls_the_handler_of_the_case_that_won) {
    inside_and_outside(GetParam(), [] {
        auto [in, out] = mioco::channel<int>(1);
        in.send(4);
        std::string called;
        auto event = mioco::select(on(out.receiving(),
                                      [&](std::optional<int> item) {
                                          called += "received";
                                          mioco::sleep_for(1us);
                                          return *item * 2;
                                      }),
                                   on(after(1h), [&] { called += "late"; }));
        EXPECT_EQ(called, "received");
        EXPECT_EQ(std::get<0>(event), 8);
    });
}

TEST_P(select, leaves_out_cases_whose_guard_is_false) {
    inside_and_outside(GetParam(), [] {
        auto [in, out] = mioco::channel<int>(1);
        in.send(1);
        EXPECT_EQ(mioco::select(mioco::when(false, out.receiving()), after(0s)).index(), 1U);
        EXPECT_EQ(mioco::select(mioco::when(true, out.receiving()), after(1h)).index(), 0U);
    });
}

TEST_P(select, guards_every_kind_of_case) {
    inside_and_outside(GetParam(), [] {
        auto [in, out] = mioco::channel<int>(1);
        mioco::event raised;
        raised.notify();
        EXPECT_EQ(mioco::select(out.receiving(), mioco::when(true, raised.waiting())).index(), 1U);
        bool called = false;
        mioco::select(out.receiving(),
                      on(mioco::when(true, raised.waiting()), [&] { called = true; }));
        EXPECT_TRUE(called);
        in.send(1);
        EXPECT_EQ(mioco::select(out.receiving(), mioco::when(false, raised.waiting())).index(), 0U);
    });
}

TEST_P(select, takes_cases_that_are_constant_or_have_two_handlers) {
    inside_and_outside(GetParam(), [] {
        auto [in, out] = mioco::channel<int>(4);
        for (int i = 1; i <= 4; ++i) in.send(i);
        const auto taking = out.receiving();
        const auto twice = [](std::optional<int> got) { return 2 * *got; };
        EXPECT_EQ(std::get<0>(mioco::select(taking)), 1);
        EXPECT_EQ(std::get<0>(mioco::select(on(taking, twice))), 4);
        EXPECT_EQ(std::get<0>(mioco::select(mioco::when(true, taking))), 3);
        EXPECT_EQ(std::get<0>(mioco::select(
                      on(on(mioco::when(true, taking), twice), [](int got) { return got + 1; }))),
                  9);
    });
}

TEST_P(select, a_deadline_that_is_kept_gets_its_turn_beside_a_channel_that_is_never_empty) {
    inside_and_outside(GetParam(), [] {
        auto [in, out] = mioco::channel<int>(1);
        const auto limit = mioco::after(20ms);
        do in.send(0);
        while (mioco::select(out.receiving(), limit).index() == 0);
        EXPECT_EQ(out.size(), 1U);
    });
}

TEST_P(select, refuses_to_wait_for_nothing) {
    inside_and_outside(GetParam(), [] {
        auto [in, out] = mioco::channel<int>(1);
        EXPECT_EQ(error_of([&] { mioco::select(mioco::when(false, out.receiving())); }),
                  std::errc::invalid_argument);
        EXPECT_EQ(error_of([] { mioco::select(std::span<mioco::any_case>()); }),
                  std::errc::invalid_argument);
    });
}

TEST_P(select, takes_a_list_of_cases) {
    inside_and_outside(GetParam(), [] {
        std::vector<std::pair<mioco::sender<int>, mioco::receiver<int>>> ends;
        std::vector<mioco::any_case> cases;
        for (int i = 0; i < 100; ++i) {
            ends.push_back(mioco::channel<int>(0));
            cases.emplace_back(ends.back().second.receiving());
        }
        bool timed_out = false;
        cases.emplace_back(on(after(1h), [&] { timed_out = true; }));
        beside sending([&] {
            for (int i = 99; i >= 0; --i) ends[static_cast<std::size_t>(i)].first.send(i);
        });
        for (int i = 99; i >= 0; --i) {
            const std::size_t won = mioco::select(cases);
            EXPECT_EQ(won, static_cast<std::size_t>(i));
            EXPECT_EQ(cases[won].take<std::optional<int>>(), i);
            EXPECT_THROW(cases[won].take<std::optional<int>>(), std::bad_cast);
            EXPECT_THROW(cases[won].take<int>(), std::bad_cast);
        }
        EXPECT_FALSE(timed_out);
        sending.join();
    });
}

TEST_P(select, an_item_of_a_list_is_sent_once) {
    inside_and_outside(GetParam(), [] {
        auto [in, out] = mioco::channel<int>(4);
        std::vector<mioco::any_case> cases;
        cases.emplace_back(in.sending(1));
        cases.emplace_back(after(1ms));
        EXPECT_EQ(mioco::select(std::span(cases).first(1)), 0U);
        EXPECT_EQ(mioco::select(cases), 1U);
        EXPECT_EQ(out.size(), 1U);
    });
}

TEST_P(select, joins_the_first_fiber_that_ends) {
    run([] {
        mioco_test::flag go;
        auto slow = mioco::spawn([&] { go.await(); });
        auto quick = mioco::spawn([] { return std::string("done"); });
        auto event = mioco::select(slow.joining(), quick.joining(), quick.joining());
        ASSERT_NE(event.index(), 0U);
        EXPECT_FALSE(quick.joinable());
        auto failing = mioco::spawn([] { throw std::runtime_error("why"); });
        EXPECT_THROW(mioco::select(slow.joining(), failing.joining()), std::runtime_error);
        go.raise();
        slow.join();
        EXPECT_EQ(error_of([&] { mioco::select(slow.joining()); }), std::errc::invalid_argument);
    });
}

TEST_P(select, tells_when_a_descriptor_is_ready) {
    inside_and_outside(GetParam(), [] {
        auto [near, far] = connected_pair();
        EXPECT_EQ(mioco::select(near.readable(), after(1ms)).index(), 1U);
        EXPECT_EQ(mioco::select(near.readable(), near.writable()).index(), 1U);
        beside writing([&far = far] { far.write_all(std::string("x")); });
        EXPECT_EQ(mioco::select(near.readable(), near.readable(), after(1h)).index() / 2, 0U);
        char text[8];
        EXPECT_EQ(near.try_read(text), 1U);
        writing.join();
        EXPECT_EQ(mioco::select(near.readable(), after(1ms)).index(), 1U);
        far.close();
        EXPECT_EQ(mioco::select(near.readable(), after(1h)).index(), 0U);
        EXPECT_EQ(near.read(text), 0U);
    });
}

TEST_P(select, a_list_that_is_used_again_sees_what_came_since) {
    inside_and_outside(GetParam(), [] {
        auto [near, far] = mioco::net::unix_stream::pair();
        std::vector<mioco::any_case> cases;
        cases.emplace_back(near.readable());
        cases.emplace_back(mioco::otherwise);
        EXPECT_EQ(mioco::select(cases), 1U);
        far.write_all(std::string("x"));
        EXPECT_EQ(mioco::select(cases), 0U);
    });
}

TEST_P(select, tells_in_which_direction_a_descriptor_is_ready) {
    inside_and_outside(GetParam(), [] {
        auto [near, far] = connected_pair();
        auto event = mioco::select(near.ready(), after(1h));
        ASSERT_EQ(event.index(), 0U);
        EXPECT_TRUE(std::get<0>(event).writable);
        EXPECT_FALSE(std::get<0>(event).readable);
        far.write_all(std::string("x"));
        EXPECT_EQ(mioco::select(near.readable(), after(1h)).index(), 0U);
        event = mioco::select(near.ready(), after(1h));
        EXPECT_TRUE(std::get<0>(event).readable);
    });
}

TEST_P(select, many_that_wait_on_one_descriptor_all_learn_of_its_end) {
    run([] {
        auto [near, far] = connected_pair();
        std::vector<mioco::join_handle<void>> waiting;
        for (int i = 0; i < 8; ++i) {
            waiting.push_back(mioco::spawn([&near = near] {
                EXPECT_EQ(mioco::select(near.readable(), after(1h)).index(), 0U);
            }));
        }
        for (int i = 0; i < 20; ++i) mioco::yield();
        far.close();
        for (auto& each : waiting) each.join();
    });
}

TEST_P(select, close_of_its_descriptor_ends_it) {
    run([] {
        auto [near, far] = connected_pair();
        auto waiting = mioco::spawn(
            [&near = near] { return mioco::select(near.readable(), after(1h)).index(); });
        mioco::sleep_for(1ms);
        near.close();
        EXPECT_EQ(waiting.join(), 0U);
    });
}

TEST_P(select, a_stop_ends_it_with_nothing_taken) {
    auto [in, out] = mioco::channel<int>(0);
    auto [near, far] = connected_pair();
    mioco::runtime stopped(settings());
    mioco_test::flag started;
    auto waiting = stopped.spawn([&, out = out] {
        started.raise();
        mioco::select(out.receiving(), near.readable(), after(1h));
    });
    started.await();
    stopped.stop();
    EXPECT_EQ(error_of([&] { waiting.join(); }), std::errc::operation_canceled);
    EXPECT_EQ(in.try_send(1), 1);
}

// A case that only the public headers are needed for: a counter that is taken down by one.
class tokens {
public:
    void put() {
        const std::scoped_lock held(guard_);
        ++count_;
        wake_one();
    }

    class taking {
    public:
        explicit taking(tokens& from) : from_(&from) {}
        bool try_take() {
            const std::scoped_lock held(from_->guard_);
            if (from_->count_ == 0) return false;
            --from_->count_;
            return true;
        }
        bool arm(const mioco::select_waiter& who) noexcept {
            const std::scoped_lock held(from_->guard_);
            if (from_->count_ > 0) return false;
            from_->waiting_.push_back(who);
            return true;
        }
        void disarm(const mioco::select_waiter& who) noexcept {
            const std::scoped_lock held(from_->guard_);
            if (std::erase(from_->waiting_, who) == 0 && from_->count_ > 0) from_->wake_one();
        }

    private:
        tokens* from_;
    };
    taking take() { return taking(*this); }

private:
    void wake_one() {
        while (!waiting_.empty()) {
            const auto who = waiting_.front();
            waiting_.erase(waiting_.begin());
            if (who.wake()) return;
        }
    }

    std::mutex guard_;
    int count_ = 0;
    std::vector<mioco::select_waiter> waiting_;
};

TEST_P(select, takes_cases_of_the_users_own) {
    constexpr int fibers = 16;
    constexpr int each = 200;
    std::atomic<int> taken{0};
    run([&] {
        tokens bag;
        std::vector<mioco::join_handle<void>> all;
        for (int i = 0; i < fibers; ++i) {
            all.push_back(mioco::spawn([&] {
                for (int n = 0; n < each;) {
                    const auto event = mioco::select(bag.take(), after(1us));
                    if (event.index() == 0) ++n, ++taken;
                }
            }));
        }
        for (int i = 0; i < fibers * each; ++i) {
            bag.put();
            if (i % 8 == 0) mioco::yield();
        }
        for (auto& one : all) one.join();
    });
    EXPECT_EQ(taken, fibers * each);
}

TEST_P(select, of_a_list_looks_at_what_its_objects_have_by_then) {
    run([] {
        auto job = mioco::spawn([] {});
        auto [reads, writes] = mioco::pipe();
        std::vector<mioco::any_case> cases;
        cases.emplace_back(job.joining());
        cases.emplace_back(reads.readable());
        job.join();
        mioco::event go;
        job = mioco::spawn([&] { go.wait(); });
        auto [other_reads, other_writes] = mioco::pipe();
        reads = std::move(other_reads);
        other_writes.write_all(std::string_view("x"));
        EXPECT_EQ(mioco::select(cases), 1U);
        char buffer[1];
        reads.read(buffer);
        go.notify();
        EXPECT_EQ(mioco::select(cases), 0U);
    });
}

}  // namespace
