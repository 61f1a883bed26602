// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "context/context.hpp"
#include "model/trace.hpp"

// A small model checker: it runs a scenario of a few threads under every interleaving of their atomic operations that has at most so many
// preemptions, and reports the first one that breaks a check or leaves threads waiting for each other. docs/model-checking.md explains it.
//
// The threads are contexts of one OS thread. Before each operation a thread lets `pick` say who goes on. An execution follows the
// choices of `path_` as far as they go, then takes the first option each time and appends it; the next execution takes the
// next option of the last choice that has one. So the tree of all choices is walked depth first, with no state to save.
//
// Equal states need to be walked once. A state is told by what each thread has seen: each location has a hash of the history of its last writer,
// which a reader mixes into its own. All else that a thread knows follows from that, if whatever threads share is a location, or
// is guarded by one. Where all of it is locations, the values stand in for the histories.

namespace mioco::model {

constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
    std::uint64_t x = (a ^ (b + 0x9e3779b97f4a7c15 + (a << 12) + (a >> 4))) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 29)) * 0x94d049bb133111eb;
    return x ^ (x >> 32);
}

// Under a sanitizer all takes ten to sixty times as long, and it sees as much in fewer interleavings.
#if defined(MIOCO_ASAN) || defined(MIOCO_TSAN)
inline constexpr bool slow = true;
#else
inline constexpr bool slow = false;
#endif

struct bounds {
    int preemptions = 3;
    // Whether locations are all that the threads share, so that values are all there is to a state: that makes for fewer states.
    bool values_are_all = false;
    std::uint64_t executions =
        1'000'000;  // more than that fails the test: it is too large to be a test
};

/// What an exploration found.
struct verdict {
    bool holds = false;
    bool is_too_large = false;  // there are more executions than `bounds` allow
    std::string report;         // what is violated, with the interleaving; or how much was explored
};

/// What every location of the model has. Numbered in the order of construction, which is the same in each execution.
struct location {
    location();
    location(const location&) = delete;
    location& operator=(const location&) = delete;

    int number;
    std::uint64_t written = 0;  // the history of the last writer, or the value
};

class checker {
public:
    explicit checker(bounds limits) noexcept : limits_(limits) {
        limits_.preemptions = std::min(limits_.preemptions, slow ? 2 : limits_.preemptions);
    }

    static checker& current() noexcept { return *running; }
    /// Whether a model thread runs: locations outside of one are only being prepared or looked at.
    static bool in_thread() noexcept {
        return running != nullptr && running->now_ != nobody && !running->looking_;
    }

    template <class Make>
    verdict explore(Make make);

    // For scenarios
    void thread(const char* name, std::function<void()> body);
    /// What must hold when all threads have ended.
    void at_end(std::function<void()> look) { at_end_ = std::move(look); }
    /// For the report. `object`: a location, or what has some inside; or what names its parts itself. `part` is added to the name, and
    /// `value` writes the values.
    template <class Object>
    void name(const Object& object, const char* text, const char* part = "",
              trace::format value = nullptr) {
        if constexpr (requires { object.name_parts(*this, text); }) {
            object.name_parts(*this, text);
        } else {
            trace_.name(&object, sizeof object, text, part, value);
        }
    }
    void note(const char* text) { trace_.note(now_, text); }
    void check(bool holds, const char* expected) {
        if (!holds) fail(expected);
    }
    void fail(const char* expected);
    /// The calling thread waits until `ready` holds; it may read locations, and nothing else that changes.
    void block_until(std::function<bool()> ready);
    /// One of 0 .. count-1: each is tried.
    int choose(int count);

    /// From here on the calling thread's behaviour depends on nothing that it has read, but for `all_it_knows`. Makes states of
    /// different pasts one, where values are all.
    void forget(std::uint64_t all_it_knows) noexcept;

    // For the Sync policy
    [[nodiscard]] bool looking() const noexcept { return looking_; }
    /// Others may go on first. False in a spin, where it is a look like the one before.
    bool before_operation(bool only_load);
    void did_read(const location& where) noexcept;
    void did_write(location& where, std::uint64_t value) noexcept;
    void log(const location& where, const char* what, std::uint64_t before, std::uint64_t after) {
        trace_.step(now_, where.number, what, before, after);
    }
    void relax() noexcept {
        if (threads_[now_].spins == spin::no) threads_[now_].spins = spin::first;
    }
    void sleep_on(const location& where);
    /// The calling thread gives way first, as to any other operation.
    void wake_one(const location& where);
    int add_location(const location& made) {
        trace_.location(&made);
        return locations_++;
    }

private:
    static constexpr unsigned nobody = ~0U;
    static constexpr std::size_t most_threads = 8;
    static constexpr std::size_t stack_bytes = 64 * 1024;
    // None comes near it, unless a thread goes round in a circle.
    static constexpr std::size_t most_steps = 2'000;
    enum class spin : std::uint8_t { no, first, on };
    enum class end : std::uint8_t { none, complete, pruned, violated };

    struct thread_state {
        detail::context ctx;
        std::unique_ptr<std::byte[]> stack;
        std::function<void()> body;
        std::function<bool()> blocked_until;
        std::uint64_t looked_at = 0;  // by the latest look at that condition
        bool live = false;            // the context exists
        bool started = false;         // and has run
        bool done = true;             // its body has ended
        spin spins = spin::no;
        int asleep_on = -1;  // in Sync::wait
        std::uint64_t history = 0;
    };
    struct choice {
        std::array<std::uint8_t, most_threads> options{};
        std::uint8_t count = 0;
        std::uint8_t taken = 0;
    };

    static void thread_main(void* index);
    void begin_execution();
    void run_threads();
    void abandon_threads() noexcept;
    bool to_next_path() noexcept;
    unsigned pick();
    void go_on_with(unsigned next);
    bool can_run(thread_state& t);
    std::uint8_t decide(const choice& fresh);
    bool was_seen();
    void remember(unsigned thread, std::uint64_t history) noexcept;
    void learn(std::uint64_t what) noexcept { remember(now_, mix(threads_[now_].history, what)); }

    static inline checker* running = nullptr;

    bounds limits_;
    std::vector<choice> path_;
    std::size_t position_ = 0;                     // in path_
    std::unordered_map<std::uint64_t, int> seen_;  // state: the preemptions that were left there
    std::array<thread_state, most_threads> threads_;
    std::array<unsigned, most_threads> numbers_{};
    unsigned count_ = 0;
    unsigned now_ = nobody;
    int preemptions_left_ = 0;
    int locations_ = 0;
    bool abandoning_ = false;
    bool looking_ = false;         // a condition is being evaluated
    std::uint64_t looked_at_ = 0;  // the histories that it read
    std::uint64_t histories_ = 0;  // sums over threads and locations
    std::uint64_t memory_ = 0;
    detail::context loop_;
    end ended_ = end::none;
    const char* broken_ = nullptr;
    std::function<void()> at_end_;
    trace trace_;
};

inline void check(bool holds, const char* expected) { checker::current().check(holds, expected); }
inline void note(const char* text) { checker::current().note(text); }
inline void block_until(std::function<bool()> ready) {
    checker::current().block_until(std::move(ready));
}

inline location::location() : number(checker::current().add_location(*this)) {}

/// Explores `Scenario(checker&, arguments...)`, made anew for each execution.
template <class Scenario, class... Args>
verdict explore(bounds limits, Args... arguments) {
    checker c(limits);
    return c.explore([&](checker& run) { return std::make_unique<Scenario>(run, arguments...); });
}

}  // namespace mioco::model

#include "model/checker_run.hpp"
