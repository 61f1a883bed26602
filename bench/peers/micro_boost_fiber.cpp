// SPDX-License-Identifier: MPL-2.0
// The micro cases on Boost.Fiber: `micro_boost_fiber CASE COUNT THREADS`, one line of JSON.
// With one thread the scheduler is round robin, the fastest that Boost has; with more it is work stealing.

#include <algorithm>
#include <atomic>
#include <boost/context/fiber.hpp>
#include <boost/fiber/all.hpp>
#include <boost/version.hpp>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iterator>
#include <mutex>
#include <numeric>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace fibers = boost::fibers;

double wall_ns() {
    return std::chrono::duration<double, std::nano>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

double cpu_ns() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return 1e9 * static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec);
}

struct measured {
    double wall;
    double cpu;
    double alternated = -1;
};

template <class F>
measured measure(std::size_t count, F body) {
    const double wall = wall_ns();
    const double cpu = cpu_ns();
    body();
    const auto each = static_cast<double>(count);
    return {(wall_ns() - wall) / each, (cpu_ns() - cpu) / each};
}

// The switch of Boost.Context, on which the fibers stand.
measured context_switch(std::size_t count) {
    namespace context = boost::context;
    context::fiber other([](context::fiber&& main) {
        for (;;) main = std::move(main).resume();
        return std::move(main);
    });
    return measure(count, [&] {
        for (std::size_t i = 0; i < count / 2; ++i) other = std::move(other).resume();
    });
}

// Two fibers yield in turn. `alternated` is the share of yields after which the other one had run.
measured yield(std::size_t count) {
    std::atomic<int> last{-1};
    std::atomic<std::size_t> alternated{0};
    const auto loop = [&](int self) {
        std::size_t others = 0;
        for (std::size_t i = 0; i < count / 2; ++i) {
            last.store(self, std::memory_order_relaxed);
            boost::this_fiber::yield();
            others += last.load(std::memory_order_relaxed) != self ? 1U : 0U;
        }
        alternated += others;
    };
    measured result = measure(count, [&] {
        fibers::fiber first(fibers::launch::post, loop, 0);
        fibers::fiber second(fibers::launch::post, loop, 1);
        first.join();
        second.join();
    });
    result.alternated = static_cast<double>(alternated) / static_cast<double>(count);
    return result;
}

measured spawn_join(std::size_t count) {
    fibers::pooled_fixedsize_stack stacks;
    return measure(count, [&] {
        for (std::size_t i = 0; i < count; ++i) {
            fibers::fiber(fibers::launch::post, std::allocator_arg, stacks, [] {}).join();
        }
    });
}

// The second round of two. A fiber has its stack from the spawn on, so the stacks are small here.
measured batch_spawn(std::size_t count) {
    constexpr std::size_t stack_bytes = 16 * 1024;
    fibers::pooled_fixedsize_stack stacks(stack_bytes);
    std::vector<fibers::fiber> batch;
    batch.reserve(count);
    const auto round = [&] {
        for (std::size_t i = 0; i < count; ++i) {
            batch.emplace_back(fibers::launch::post, std::allocator_arg, stacks, [] {});
        }
        for (auto& fiber : batch) fiber.join();
        batch.clear();
    };
    round();
    return measure(count, round);
}

// Two fibers throw a number to and fro over two channels. Two slots is the least that Boost's have, which hold one item.
measured channel_pingpong(std::size_t count) {
    fibers::buffered_channel<std::size_t> there(2);
    fibers::buffered_channel<std::size_t> back(2);
    fibers::fiber other([&] {
        for (const std::size_t number : there) back.push(number);
    });
    const measured result = measure(count, [&] {
        for (std::size_t i = 0; i < count; ++i) {
            there.push(i);
            if (back.value_pop() != i) std::abort();
        }
    });
    there.close();
    other.join();
    return result;
}

measured channel_stream(std::size_t count) {
    fibers::buffered_channel<std::size_t> items(128);
    std::size_t sum = 0;
    const measured result = measure(count, [&] {
        fibers::fiber taker([&] {
            for (const std::size_t number : items) sum += number;
        });
        for (std::size_t i = 0; i < count; ++i) items.push(i);
        items.close();
        taker.join();
    });
    if (sum != count * (count - 1) / 2) std::abort();
    return result;
}

std::size_t guarded = 0;

measured mutex_alone(std::size_t count) {
    fibers::mutex mutex;
    return measure(count, [&] {
        for (std::size_t i = 0; i < count; ++i) {
            const std::scoped_lock held(mutex);
            ++guarded;
        }
    });
}

// 64 fibers lock one mutex, yield with it in hand, and unlock.
measured mutex_yielding(std::size_t count) {
    constexpr std::size_t all = 64;
    fibers::mutex mutex;
    guarded = 0;
    const measured result = measure(count, [&] {
        std::vector<fibers::fiber> crowd;
        for (std::size_t i = 0; i < all; ++i) {
            crowd.emplace_back([&] {
                for (std::size_t done = 0; done < count / all; ++done) {
                    const std::scoped_lock held(mutex);
                    const std::size_t before = guarded;
                    boost::this_fiber::yield();
                    guarded = before + 1;
                }
            });
        }
        for (auto& each : crowd) each.join();
    });
    if (guarded != count / all * all) std::abort();
    return result;
}

// A channel without room.
measured channel_handover(std::size_t count) {
    fibers::unbuffered_channel<std::size_t> items;
    std::size_t sum = 0;
    const measured result = measure(count, [&] {
        fibers::fiber taker([&] {
            for (const std::size_t number : items) sum += number;
        });
        for (std::size_t i = 0; i < count; ++i) items.push(i);
        items.close();
        taker.join();
    });
    if (sum != count * (count - 1) / 2) std::abort();
    return result;
}

// A tree of fibers. A child runs at once (`dispatch`), so that few are alive at a time.
std::size_t sum_of(std::size_t first, std::size_t leaves) {
    if (leaves == 1) return first;
    constexpr std::size_t children = 10;
    constexpr std::size_t stack_bytes = 16 * 1024;
    const std::size_t each = leaves / children;
    std::size_t sums[children];
    std::vector<fibers::fiber> nodes;
    nodes.reserve(children);
    for (std::size_t i = 0; i < children; ++i) {
        nodes.emplace_back(
            fibers::launch::dispatch, std::allocator_arg, fibers::fixedsize_stack(stack_bytes),
            [&into = sums[i], from = first + i * each, each] { into = sum_of(from, each); });
    }
    for (auto& node : nodes) node.join();
    return std::accumulate(std::begin(sums), std::end(sums), std::size_t{0});
}

// The second round of two.
measured skynet(std::size_t leaves) {
    std::size_t count = 0;
    for (std::size_t layer = leaves; layer > 0; layer /= 10) count += layer;
    const auto round = [&] {
        if (sum_of(0, leaves) != leaves * (leaves - 1) / 2) std::abort();
    };
    round();
    return measure(count, round);
}

// From the making of a fiber to its first wait, with a guard. Each takes two mappings, of which a process may have 65,530.
measured parked_spawn(std::size_t asked) {
    constexpr std::size_t most = 30000;
    constexpr std::size_t stack_bytes = 128 * 1024;
    const std::size_t count = std::min(asked, most);
    fibers::buffered_channel<int> gate(2);
    std::atomic<std::size_t> started{0};
    std::vector<fibers::fiber> parked;
    parked.reserve(count);
    const measured result = measure(count, [&] {
        for (std::size_t i = 0; i < count; ++i) {
            parked.emplace_back(fibers::launch::post, std::allocator_arg,
                                fibers::protected_fixedsize_stack(stack_bytes), [&] {
                                    ++started;
                                    int got = 0;
                                    gate.pop(got);
                                });
        }
        while (started < count) boost::this_fiber::yield();
    });
    gate.close();
    for (auto& each : parked) each.join();
    return result;
}

// As many fibers as threads, each of which starts on one of its own, see mioco's.
measured mutex_contended(std::size_t asked, unsigned threads) {
    const std::size_t count = asked / threads * threads;
    fibers::mutex mutex;
    std::atomic<unsigned> here{0};
    guarded = 0;
    const auto work = [&] {
        for (++here; here < threads;) {
        }
        volatile std::size_t own = 0;
        for (std::size_t done = 0; done < count / threads; ++done) {
            {
                const std::scoped_lock held(mutex);
                ++guarded;
            }
            for (int k = 0; k < 16; ++k) own = own + 1;
        }
    };
    const measured result = measure(count, [&] {
        std::vector<std::thread> others;
        for (unsigned i = 1; i < threads; ++i) others.emplace_back(work);
        work();
        for (auto& other : others) other.join();
    });
    if (guarded != count) std::abort();
    return result;
}

// Runs `body` on this thread while `threads - 1` others steal from it.
template <class F>
measured on_threads(unsigned threads, F body) {
    if (threads == 1) return body();
    fibers::mutex mutex;
    fibers::condition_variable_any ended;
    bool done = false;
    std::vector<std::thread> thieves;
    for (unsigned i = 1; i < threads; ++i) {
        thieves.emplace_back([&] {
            fibers::use_scheduling_algorithm<fibers::algo::work_stealing>(threads, true);
            std::unique_lock lock(mutex);
            ended.wait(lock, [&] { return done; });
        });
    }
    fibers::use_scheduling_algorithm<fibers::algo::work_stealing>(threads, true);
    const measured result = body();
    {
        const std::scoped_lock lock(mutex);
        done = true;
    }
    ended.notify_all();
    for (auto& thief : thieves) thief.join();
    return result;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 2 && std::strcmp(argv[1], "--version") == 0) {
        std::puts("Boost.Fiber " BOOST_LIB_VERSION);
        return 0;
    }
    const std::string name = argc > 1 ? argv[1] : "";
    const std::size_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1000000;
    const unsigned threads = argc > 3 ? static_cast<unsigned>(std::atoi(argv[3])) : 1;
    const auto run = name == "context_switch"     ? context_switch
                     : name == "yield"            ? yield
                     : name == "spawn_join"       ? spawn_join
                     : name == "batch_spawn"      ? batch_spawn
                     : name == "channel_pingpong" ? channel_pingpong
                     : name == "channel_stream"   ? channel_stream
                     : name == "mutex_alone"      ? mutex_alone
                     : name == "mutex_yielding"   ? mutex_yielding
                     : name == "channel_handover" ? channel_handover
                     : name == "skynet"           ? skynet
                     : name == "parked_spawn"     ? parked_spawn
                                                  : nullptr;
    const bool contends = name == "mutex_contended";
    if ((run == nullptr && !contends) || threads == 0) {
        std::fprintf(stderr, "usage: %s CASE COUNT THREADS; there is no case like this\n", argv[0]);
        return 2;
    }
    const measured result = contends ? mutex_contended(count, threads)
                                     : on_threads(threads, [&] { return run(count); });
    std::printf(
        "{\"case\": \"%s\", \"workers\": %u, \"count\": %zu, \"wall_ns\": %.2f, \"cpu_ns\": %.2f",
        name.c_str(), threads, count, result.wall, result.cpu);
    if (result.alternated >= 0) std::printf(", \"alternated\": %.3f", result.alternated);
    std::puts("}");
}
