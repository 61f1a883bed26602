// SPDX-License-Identifier: MPL-2.0
#pragma once

// What the micro benchmarks share: arguments, clocks, and the line of JSON that each prints.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <mutex>
#include <stop_token>
#include <thread>

namespace bench {

/// The argument at `index`, a number above zero, or `otherwise` if there is none.
inline std::size_t argument(int argc, char** argv, int index, std::size_t otherwise) {
    if (argc <= index) return otherwise;
    char* end = nullptr;
    const auto value = std::strtoull(argv[index], &end, 10);
    if (value == 0 || *end != '\0') {
        std::fprintf(stderr, "%s: \"%s\" is not a number above zero\n", argv[0], argv[index]);
        std::exit(2);
    }
    return value;
}

/// Nanoseconds of wall clock, and of processor over all threads of the process.
struct times {
    double wall_ns = 0;
    double cpu_ns = 0;

    times& operator+=(const times& more) noexcept {
        wall_ns += more.wall_ns;
        cpu_ns += more.cpu_ns;
        return *this;
    }

    static times now() {
        timespec cpu{};
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
        return {std::chrono::duration<double, std::nano>(
                    std::chrono::steady_clock::now().time_since_epoch())
                    .count(),
                1e9 * static_cast<double>(cpu.tv_sec) + static_cast<double>(cpu.tv_nsec)};
    }
};

/// How long `body` takes, divided by `count`.
template <class F>
times measure(std::size_t count, F&& body) {
    const times start = times::now();
    body();
    const times end = times::now();
    const auto each = static_cast<double>(count);
    return {(end.wall_ns - start.wall_ns) / each, (end.cpu_ns - start.cpu_ns) / each};
}

/// Between two looks of a loop that waits for another thread.
inline void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/// A thread that sleeps while this lives: a process that has but one may do without atomic instructions.
class sleeping_thread {
    std::jthread thread_{[](const std::stop_token& ended) {
        std::mutex mutex;
        std::condition_variable_any sleep;
        std::unique_lock held(mutex);
        sleep.wait(held, ended, [] { return false; });
    }};
};

/// So many parties start at once, and each on a thread of its own: who comes holds his thread until the last one is there. The time
/// from then on, up to the last who leaves.
class meeting {
public:
    explicit meeting(std::size_t parties) : parties_(parties) {}

    void meet() {
        if (come_.fetch_add(1) + 1 == parties_) {
            start_ = times::now();
            has_begun_.store(true, std::memory_order_release);
        }
        while (!has_begun_.load(std::memory_order_acquire)) pause();
    }
    void leave() {
        if (left_.fetch_add(1) + 1 == parties_) end_ = times::now();
    }
    /// Once all have left, divided by `count`.
    [[nodiscard]] times until_last_left(std::size_t count) const {
        const auto each = static_cast<double>(count);
        return {(end_.wall_ns - start_.wall_ns) / each, (end_.cpu_ns - start_.cpu_ns) / each};
    }

private:
    std::size_t parties_;
    std::atomic<std::size_t> come_{0};
    std::atomic<std::size_t> left_{0};
    std::atomic<bool> has_begun_{false};
    times start_;
    times end_;
};

/// The beginning of the line; the caller adds what else there is, and the brace.
inline void begin_report(const char* name, std::size_t workers, std::size_t count, const times& t) {
    std::printf(
        "{\"case\": \"%s\", \"workers\": %zu, \"count\": %zu, \"wall_ns\": %.2f, \"cpu_ns\": %.2f",
        name, workers, count, t.wall_ns, t.cpu_ns);
}

inline void report(const char* name, std::size_t workers, std::size_t count, const times& t) {
    begin_report(name, workers, count, t);
    std::puts("}");
}

}  // namespace bench
