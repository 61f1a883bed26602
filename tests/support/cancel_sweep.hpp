// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/flag.hpp"

// Each call that may wait, interrupted at each moment and in each kind of place. A call is part of a scene: it waits until its partner has done
// something, and checks what it gets. Whatever became of it, the next call of the scene, together with the partner, must find all as if the
// interrupted one had not been made.

namespace mioco_test {

/// What becomes of a call whose fiber was cancelled, or whose deadline has passed. The guide's table says the same, and
/// tests/docs/blocking_calls_test.py compares the two.
enum class seen {
    throws,
    throws_before_it_runs,  // what runs on another thread is waited for; the scene keeps it from being begun
    throws_if_it_waits,  // and else works
    not_seen
};

/// Of a call that ends by time rather than by its partner.
enum class lasting { long_time, short_time };

struct scene {
    std::function<void(lasting)> call;
    std::function<void()> partner = [] {};
    std::function<void()> check = [] {};  // when both are done
};

struct blocking_call {
    const char* name;  // as in the guide's table
    seen cancel;
    seen deadline;
    std::function<scene()> make;
    bool on_threads = true;  // whether a deadline ends it there, too
};

/// The call by somebody beside, with its partner.
template <class Call>
void finish(const scene& of, Call call) {
    beside caller(call);
    of.partner();
    caller.join();
    of.check();
}
inline void finish(const scene& of) {
    finish(of, [&] { of.call(lasting::short_time); });
}

inline void call_in_handler(const scene& of) {
    try {
        throw 1;
    } catch (int) {
        of.call(lasting::long_time);
    }
}

inline void call_in_shield(const scene& of) {
    mioco::shield([&] { of.call(lasting::short_time); });
}

inline void call_while_unwinding(const scene& of) {
    struct last {
        const scene& of;
        ~last() { of.call(lasting::short_time); }
    };
    try {
        const last called{of};
        throw 1;
    } catch (int) {
    }
}

/// What the victim's end is; then all that is left to do is done.
inline std::errc end_of(mioco::join_handle<void>& victim, const scene& of, bool is_seen) {
    std::errc ended{};
    if (is_seen) {
        ended = error_of([&] { victim.join(); });
        finish(of);
    } else {
        of.partner();
        ended = error_of([&] { victim.join(); });
        of.check();
    }
    return ended;
}

/// Asked to stop before it makes the call.
inline std::errc cancelled_before(const scene& of, bool is_seen,
                                  const std::function<void()>& attempt) {
    flag begun;
    flag cancelled;
    auto victim = mioco::spawn([&] {
        begun.raise();
        mioco::shield([&] { cancelled.await(); });
        attempt();
    });
    begun.await();
    victim.cancel();
    cancelled.raise();
    return end_of(victim, of, is_seen);
}

inline std::errc cancelled_while_it_waits(const scene& of, bool is_seen) {
    flag begun;
    auto victim = mioco::spawn([&] {
        begun.raise();
        of.call(is_seen ? lasting::long_time : lasting::short_time);
    });
    begun.await();
    for (int i = 0; i < 3; ++i) mioco::yield();
    victim.cancel();
    return end_of(victim, of, is_seen);
}

/// Returns how it ended; a call that was cancelled is made again, by another fiber, while the partner goes on.
inline std::errc cancelled_at_once_with_its_end(const scene& of, int yields) {
    std::errc ended{};
    flag begun;
    auto victim = mioco::spawn([&] {
        begun.raise();
        of.call(lasting::short_time);
    });
    auto canceller = mioco::spawn([&] {
        begun.await();
        for (int i = 0; i < yields; ++i) mioco::yield();
        victim.cancel();
        ended = error_of([&] { victim.join(); });
        if (ended != std::errc{}) of.call(lasting::short_time);
    });
    of.partner();
    canceller.join();
    of.check();
    return ended;
}

inline std::errc cancelled_afterwards(const scene& of) {
    flag done;
    auto victim = mioco::spawn([&] {
        of.call(lasting::short_time);
        done.raise();
        mioco::sleep_for(std::chrono::hours(1));
    });
    of.partner();
    done.await();
    victim.cancel();
    const std::errc ended = error_of([&] { victim.join(); });
    of.check();
    return ended;
}

template <class Limit>
std::errc out_of_time(const scene& of, bool is_seen, Limit limit,
                      const std::function<void()>& attempt) {
    std::errc ended{};
    const auto bounded = [&] { ended = error_of([&] { mioco::with_deadline(limit, attempt); }); };
    if (is_seen) {
        bounded();
        finish(of);
    } else {
        finish(of, bounded);
    }
    return ended;
}

/// The deadline comes at about the same time as what the call waits for.
inline std::errc out_of_time_at_once_with_its_end(const scene& of,
                                                  std::chrono::microseconds limit) {
    std::errc ended{};
    finish(of, [&] {
        ended =
            error_of([&] { mioco::with_deadline(limit, [&] { of.call(lasting::short_time); }); });
        if (ended != std::errc{}) of.call(lasting::short_time);
    });
    return ended;
}

class sweep : public anywhere {
protected:
    // A pool of one thread, for those who want it busy.
    template <class F>
    static void inside(F body) {
        if (GetParam() == on_threads) {
            body();
        } else {
            mioco::run(mioco::config{}.workers(GetParam()).offload_threads(1), std::move(body));
        }
    }
    template <class F>
    static void each_of(const std::vector<blocking_call>& calls, F sweeps) {
        inside([&] {
            for (const blocking_call& each : calls) {
                if (GetParam() == on_threads && !each.on_threads) continue;
                sweeps(each, [&](auto part) {
                    const scene of = each.make();
                    return part(of);
                });
            }
        });
    }

    static void cancels(const std::vector<blocking_call>& calls) {
        each_of(calls, [](const blocking_call& call, auto in_scene) {
            constexpr auto cancelled = std::errc::operation_canceled;
            const bool is_seen = call.cancel != seen::not_seen;
            const std::errc expected = is_seen ? cancelled : std::errc{};
            const lasting time = is_seen ? lasting::long_time : lasting::short_time;
            EXPECT_EQ(in_scene([&](const scene& of) {
                          return cancelled_before(of, is_seen, [&] { of.call(time); });
                      }),
                      expected)
                << call.name << ": before";
            EXPECT_EQ(
                in_scene([&](const scene& of) { return cancelled_while_it_waits(of, is_seen); }),
                expected)
                << call.name << ": while it waits";
            EXPECT_EQ(in_scene(cancelled_afterwards), cancelled) << call.name << ": afterwards";
        });
    }

    static void cancels_elsewhere(const std::vector<blocking_call>& calls) {
        each_of(calls, [](const blocking_call& call, auto in_scene) {
            const auto ends = [&](bool is_seen, void (*attempt)(const scene&)) {
                return in_scene([&](const scene& of) {
                    return cancelled_before(of, is_seen, [&] { attempt(of); });
                });
            };
            if (call.cancel != seen::not_seen) {
                EXPECT_EQ(ends(true, call_in_handler), std::errc::operation_canceled)
                    << call.name << ": in a handler";
            }
            EXPECT_EQ(ends(false, call_while_unwinding), std::errc{})
                << call.name << ": in a destructor while an exception unwinds";
            EXPECT_EQ(ends(false, call_in_shield), std::errc{}) << call.name << ": in a shield";
        });
    }

    static void cancels_at_any_moment(const std::vector<blocking_call>& calls) {
        each_of(calls, [](const blocking_call& call, auto in_scene) {
            for (int yields = 0; yields < 4; ++yields) {
                const std::errc ended = in_scene(
                    [&](const scene& of) { return cancelled_at_once_with_its_end(of, yields); });
                if (ended != std::errc{}) {
                    EXPECT_EQ(ended, std::errc::operation_canceled) << call.name;
                    EXPECT_NE(call.cancel, seen::not_seen) << call.name;
                }
            }
        });
    }

    static void deadlines(const std::vector<blocking_call>& calls) {
        using namespace std::chrono_literals;
        each_of(calls, [](const blocking_call& call, auto in_scene) {
            const bool is_seen = call.deadline != seen::not_seen;
            const std::errc expected = is_seen ? std::errc::timed_out : std::errc{};
            const lasting time = is_seen ? lasting::long_time : lasting::short_time;
            const auto ends = [&](bool may_throw, auto limit, lasting how) {
                return in_scene([&](const scene& of) {
                    return out_of_time(of, may_throw, limit, [&] { of.call(how); });
                });
            };
            EXPECT_EQ(ends(is_seen, 0s, time), expected) << call.name << ": before";
            EXPECT_EQ(ends(is_seen, 1ms, time), expected) << call.name << ": while it waits";
            EXPECT_EQ(ends(false, 1h, lasting::short_time), std::errc{}) << call.name << ": later";
        });
    }

    static void deadlines_elsewhere(const std::vector<blocking_call>& calls) {
        using namespace std::chrono_literals;
        each_of(calls, [](const blocking_call& call, auto in_scene) {
            const auto ends = [&](bool is_seen, void (*attempt)(const scene&)) {
                return in_scene([&](const scene& of) {
                    return out_of_time(of, is_seen, 0s, [&] { attempt(of); });
                });
            };
            if (call.deadline != seen::not_seen) {
                EXPECT_EQ(ends(true, call_in_handler), std::errc::timed_out)
                    << call.name << ": in a handler";
            }
            EXPECT_EQ(ends(false, call_while_unwinding), std::errc{})
                << call.name << ": in a destructor while an exception unwinds";
            EXPECT_EQ(ends(false, call_in_shield), std::errc{}) << call.name << ": in a shield";
        });
    }

    static void deadlines_at_any_moment(const std::vector<blocking_call>& calls) {
        each_of(calls, [](const blocking_call& call, auto in_scene) {
            for (const int limit : {1, 30, 100, 300}) {
                const std::errc ended = in_scene([&](const scene& of) {
                    return out_of_time_at_once_with_its_end(of, std::chrono::microseconds(limit));
                });
                if (ended != std::errc{}) {
                    EXPECT_EQ(ended, std::errc::timed_out) << call.name;
                    EXPECT_NE(call.deadline, seen::not_seen) << call.name;
                }
            }
        });
    }
};

}  // namespace mioco_test

/// Sweeps a table, a function that returns the calls.
#define MIOCO_SWEEP(name, table)                                                                   \
    class name##_deadlines : public mioco_test::sweep {};                                          \
    class name##_cancels : public mioco_test::sweep {};                                            \
    INSTANTIATE_TEST_SUITE_P(on, name##_deadlines, testing::Values(0U, 1U, 3U),                    \
                             mioco_test::place_name);                                              \
    INSTANTIATE_TEST_SUITE_P(on, name##_cancels, testing::Values(1U, 3U), mioco_test::place_name); \
    TEST_P(name##_cancels, before_during_and_after) { cancels(table()); }                          \
    TEST_P(name##_cancels, in_handlers_destructors_and_shields) { cancels_elsewhere(table()); }    \
    TEST_P(name##_cancels, at_any_moment) { cancels_at_any_moment(table()); }                      \
    TEST_P(name##_deadlines, before_during_and_after) { deadlines(table()); }                      \
    TEST_P(name##_deadlines, in_handlers_destructors_and_shields) {                                \
        deadlines_elsewhere(table());                                                              \
    }                                                                                              \
    TEST_P(name##_deadlines, at_any_moment) { deadlines_at_any_moment(table()); }
