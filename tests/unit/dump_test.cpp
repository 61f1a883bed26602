// SPDX-License-Identifier: MPL-2.0
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <regex>
#include <shared_mutex>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>
#include <mioco/mioco.hpp>

#include "context/backtrace.hpp"
#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::count_of;
using mioco_test::flag;

class dump : public mioco_test::on_workers {
protected:
    static mioco::config settings() { return on_workers::settings().name("dumped"); }
};
MIOCO_ON_WORKER_COUNTS(dump);

// The line of the fiber with this name, and those of its calls; empty if there is none.
std::string part_of(const std::string& name, const std::string& text) {
    const auto at = text.find("\"" + name + "\"");
    if (at == std::string::npos) return "";
    const auto end = text.find("\nfiber ", at);
    return text.substr(at, end == std::string::npos ? end : end - at);
}

// Dumps until the fiber's part is like this: a fiber that is about to park has not parked yet.
void await_part(const std::string& name, const std::string& pattern) {
    const std::regex wanted(pattern);
    while (!std::regex_search(part_of(name, mioco::dump_text()), wanted)) mioco::yield();
}

// The caller has nothing more to wait for.
void end_the_others() {
    try {
        mioco::shutdown();
    } catch (...) {
        return;
    }
}

TEST_P(dump, shows_id_name_and_runtime) {
    mioco::run(settings(), [] {
        mioco::spawn({.name = "first"}, [] {
            const auto id = std::to_string(mioco::this_fiber::id().value());
            const std::string text = mioco::dump_text();
            EXPECT_NE(text.find("fiber " + id + " \"first\" of dumped: runs on worker "),
                      std::string::npos)
                << text;
        }).join();
    });
}

TEST_P(dump, shows_what_a_fiber_waits_for) {
    mioco::run(settings(), [] {
        auto sleeper = mioco::spawn({.name = "sleeper"}, [] { mioco::sleep_for(1h); });
        mioco::spawn({.name = "acceptor"}, [] {
            mioco::net::tcp_listener::bind("127.0.0.1:0").accept();
        }).detach();
        mioco::spawn({.name = "joiner"}, [s = std::move(sleeper)]() mutable { s.join(); }).detach();
        await_part("sleeper", "^\"sleeper\" of dumped: waits for sleep, for [0-9]+\\.[0-9]{3} s");
        await_part("acceptor", "^\"acceptor\" of dumped: waits for read, for [0-9]+\\.[0-9]{3} s");
        await_part("joiner", "^\"joiner\" of dumped: waits for join, for [0-9]+\\.[0-9]{3} s");
        await_part("sleeper", "; fiber [0-9]+ joins it");
        end_the_others();
    });
}

TEST_P(dump, shows_for_how_long) {
    mioco::run(settings(), [] {
        mioco::spawn({.name = "sleeper"}, [] { mioco::sleep_for(1h); }).detach();
        await_part("sleeper", "waits for sleep");
        mioco::sleep_for(10ms);
        await_part("sleeper", "for (0\\.0[1-9]|0\\.[1-9]|[1-9])");
        end_the_others();
    });
}

// A fiber that tries again and again would be ready, or run.
TEST(dump_states, shows_those_in_line_parked) {
    mioco::run(mioco::config{}.workers(2), [] {
        mioco::mutex guard;
        mioco::shared_mutex shared;
        mioco::counting_semaphore<> permits(0);
        mioco::barrier meeting(2);
        mioco::wait_group work(1);
        guard.lock();
        shared.lock();
        std::vector<mioco::join_handle<void>> all;
        const auto expect_parked = [&](const std::string& name, const std::string& what,
                                       auto wait) {
            all.push_back(mioco::spawn({.name = name}, wait));
            await_part(name, "^\"" + name + "\" of mioco: waits for " + what + ", ");
        };
        expect_parked("locks", "lock", [&] { const std::scoped_lock held(guard); });
        expect_parked("writes", "lock", [&] { const std::unique_lock held(shared); });
        expect_parked("reads", "lock", [&] { const std::shared_lock held(shared); });
        expect_parked("acquires", "semaphore", [&] { permits.acquire(); });
        expect_parked("meets", "barrier", [&] { meeting.arrive_and_wait(); });
        expect_parked("awaits work", "wait group", [&] { work.wait(); });
        guard.unlock();
        shared.unlock();
        permits.release();
        meeting.arrive_and_wait();
        work.done();
        for (auto& each : all) each.join();
    });
}

TEST(dump_states, shows_a_ready_fiber_and_one_that_has_not_begun) {
    mioco::run(mioco::config{}.workers(1), [] {
        mioco::spawn({.name = "yields"}, [] { mioco::yield(); });
        mioco::yield();
        mioco::spawn({.name = "unborn"}, [] {});
        const std::string text = mioco::dump_text();
        EXPECT_TRUE(part_of("yields", text).starts_with("\"yields\" of mioco: ready\n") ||
                    part_of("yields", text) == "\"yields\" of mioco: ready")
            << text;
        EXPECT_NE(text.find("\"unborn\" of mioco: ready, has not begun"), std::string::npos)
            << text;
    });
}

TEST(dump_states, shows_who_was_asked_to_stop) {
    mioco::runtime rt(mioco::config{}.workers(1));
    rt.run([&] {
        rt.stop();
        mioco::spawn({.name = "unborn"}, [] {});
        EXPECT_NE(
            mioco::dump_text().find("\"unborn\" of mioco: ready, has not begun; asked to stop"),
            std::string::npos);
    });
}

TEST(dump_states, shows_fibers_of_every_runtime_and_none_of_ended_ones) {
    mioco::runtime one(mioco::config{}.workers(1).name("one"));
    mioco::runtime two(mioco::config{}.workers(2).name("two"));
    flag end;
    auto first = one.spawn({.name = "of one"}, [&] { end.await(); });
    auto second = two.spawn({.name = "of two"}, [&] { end.await(); });
    std::string text = mioco::dump_text();
    EXPECT_EQ(count_of("\"of one\" of one: ", text), 1U) << text;
    EXPECT_EQ(count_of("\"of two\" of two: ", text), 1U) << text;
    end.raise();
    first.join();
    second.join();
    one.wait();
    two.wait();
    text = mioco::dump_text();
    EXPECT_EQ(count_of("\"of one\"", text), 0U) << text;
    EXPECT_EQ(count_of("\"of two\"", text), 0U) << text;
}

TEST(dump_states, long_names_are_cut) {
    mioco::run(mioco::config{}.workers(1), [] {
        const std::string name(1000, 'n');
        auto child = mioco::spawn({.name = name}, [] {});
        EXPECT_NE(mioco::dump_text().find("\"" + name.substr(0, 63) + "\""), std::string::npos);
        child.join();
    });
}

TEST(dump_states, goes_to_the_descriptor_and_to_stderr) {
    mioco::run(mioco::config{}.workers(1), [] {
        int ends[2];
        ASSERT_EQ(pipe(ends), 0);
        mioco::dump(ends[1]);
        char text[4096] = {};
        EXPECT_GT(read(ends[0], text, sizeof text - 1), 0);
        EXPECT_NE(std::string(text).find("\"main\" of mioco: runs on worker 0"), std::string::npos);
        close(ends[0]);
        close(ends[1]);
        const mioco_test::captured_stderr said;
        mioco::dump();
        EXPECT_NE(said.text().find("\"main\" of mioco: runs on worker 0"), std::string::npos);
        mioco::dump(-1);
    });
}

// Deep enough for calls of its own, which no compiler makes into a loop.
[[gnu::noinline]] int sleeps_deep_down(int depth) {
    if (depth == 0) {
        mioco::sleep_for(1h);
        return 0;
    }
    volatile char frame[1000];
    frame[depth] = 1;
    return sleeps_deep_down(depth - 1) + frame[depth];
}

std::vector<std::uintptr_t> calls_in(const std::string& part) {
    std::vector<std::uintptr_t> calls;
    const std::regex line("\n    [^ ]*\\+0x([0-9a-f]+)");
    for (std::sregex_iterator each(part.begin(), part.end(), line), end; each != end; ++each)
        calls.push_back(std::stoull((*each)[1], nullptr, 16));
    return calls;
}

TEST(dump_calls, are_those_of_the_parked_fiber) {
    mioco::runtime rt(mioco::config{}.workers(1));
    rt.spawn({.name = "deep"}, [] { sleeps_deep_down(10); });
    await_part("deep", "waits for sleep");
    const std::string part = part_of("deep", mioco::dump_text());
    Dl_info module{};
    const auto function = reinterpret_cast<std::uintptr_t>(&sleeps_deep_down);
    ASSERT_NE(dladdr(reinterpret_cast<const void*>(function), &module), 0);
    const std::uintptr_t begin = function - reinterpret_cast<std::uintptr_t>(module.dli_fbase);
    int within = 0;
    for (const std::uintptr_t call : calls_in(part)) within += call - begin < 1000 ? 1 : 0;
#if defined(__x86_64__)
    // A compiler may take a few of them together.
    EXPECT_GE(within, 3) << part;
#endif
    EXPECT_GE(calls_in(part).size(), 1U) << part;
    EXPECT_LE(calls_in(part).size(), 32U) << part;
}

/// Knows nothing.
class no_names final : public mioco::symbolizer {
public:
    std::vector<mioco::source_place> find(std::uintptr_t /*address*/) override { return {}; }
};

// This program exports nothing to the loader.
TEST(dump_calls, without_names_are_followed_by_the_way_to_get_them) {
    mioco::runtime rt(mioco::config{}.workers(1));
    rt.spawn({.name = "deep"}, [] { sleeps_deep_down(10); });
    rt.spawn({.name = "deeper"}, [] { sleeps_deep_down(11); });
    await_part("deep", "waits for sleep");
    await_part("deeper", "waits for sleep");
    const std::string text = mioco::dump_text();
    EXPECT_EQ(count_of("calls without a name", text), 1U) << text;
    EXPECT_TRUE(text.ends_with("make_symbolizer())\n")) << text;
    const auto before = mioco::set_symbolizer(std::make_shared<no_names>());
    EXPECT_EQ(count_of("calls without a name", mioco::dump_text()), 0U)
        << "who has set one knows of it";
    mioco::set_symbolizer(before);
}

// As of a library that was unloaded while a fiber waits in it.
TEST(dump_calls, end_at_code_that_is_gone) {
    const std::size_t page = 4096;
    void* const code = mmap(nullptr, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(code, MAP_FAILED);
    munmap(code, page);
    // What a switch saves, which ends in the address that it returns to.
    std::vector<std::uint64_t> suspended(64, reinterpret_cast<std::uint64_t>(code) + 100);
    const auto original = reinterpret_cast<std::uintptr_t>(suspended.data());
    std::array<std::uintptr_t, 8> calls{};
    EXPECT_LE(mioco::detail::find_calls(suspended, original, calls), 1U);
}

// Everything changes while it is looked at.
TEST_P(dump, while_fibers_come_and_go) {
    mioco::runtime rt(settings());
    flag end;
    std::vector<mioco::join_handle<void>> fibers;
    for (int i = 0; i < 20; ++i) {
        fibers.push_back(rt.spawn([&, i] {
            while (!end.is_raised()) {
                auto named = mioco::spawn({.name = "child"}, [i] {
                    if (i % 2 == 0) {
                        mioco::sleep_for(1us);
                    } else {
                        mioco::yield();
                    }
                });
                mioco::spawn([] { mioco::sleep_for(1us); }).join();
                named.join();
            }
        }));
    }
    for (int i = 0; i < 30; ++i) {
        EXPECT_GE(count_of("fiber ", mioco::dump_text()), 1U);
        rt.spawn([] { EXPECT_GE(mioco::dump_text().size(), 1U); }).join();
    }
    end.raise();
    for (auto& each : fibers) each.join();
}

TEST(dump_runtimes, while_runtimes_come_and_go) {
    flag end;
    mioco_test::thread other([&] {
        while (!end.is_raised()) {
            mioco::run(mioco::config{}.workers(2), [] {
                mioco::spawn({.name = "child"}, [] { mioco::sleep_for(1us); }).join();
            });
        }
    });
    for (int i = 0; i < 50; ++i) static_cast<void>(mioco::dump_text());
    end.raise();
    other.join();
}

}  // namespace
