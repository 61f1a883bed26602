// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <regex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "debug/call_texts.hpp"
#include "support/process.hpp"
#include "support/world.hpp"

// The functions in a dump. This program exports its own to the loader.

using mioco_test::count_of;

namespace dump_names {

template <class... Types>
struct list {};
using many = list<list<int, char, long>, list<char, long, int>, list<long, int, char>>;
using thousands = list<list<many, many, many>, list<many, many, many>, list<many, many, many>>;

[[gnu::noinline]] void waits_exported(mioco::latch& end) {
    end.wait();
    asm volatile("");  // no jump in place of the call
}

template <class Name>
[[gnu::noinline]] void waits_with_long_name(mioco::latch& end) {
    end.wait();
    asm volatile("");
}
template void waits_with_long_name<thousands>(mioco::latch& end);

}  // namespace dump_names

namespace {

using namespace std::chrono_literals;

[[gnu::noinline]] void waits_hidden(mioco::latch& end) {
    dump_names::waits_exported(end);
    asm volatile("");
}

/// What a dump says while one fiber is parked in `wait`.
std::string dump_of_one_in(void (*wait)(mioco::latch&)) {
    mioco::runtime rt(mioco::config{}.workers(1));
    mioco::latch end(1);
    auto parked = rt.spawn({.name = "parked"}, [&] { wait(end); });
    std::string text;
    do {
        mioco_test::yield_thread();
        text = mioco::dump_text();
    } while (text.find("\"parked\" of mioco: waits for ") == std::string::npos);
    end.count_down();
    parked.join();
    return text;
}

class scoped_symbolizer {
public:
    explicit scoped_symbolizer(std::shared_ptr<mioco::symbolizer> by)
        : before_(mioco::set_symbolizer(std::move(by))) {}
    ~scoped_symbolizer() { mioco::set_symbolizer(before_); }
    scoped_symbolizer(const scoped_symbolizer&) = delete;
    scoped_symbolizer& operator=(const scoped_symbolizer&) = delete;

private:
    std::shared_ptr<mioco::symbolizer> before_;
};

using answer = std::function<std::vector<mioco::source_place>(std::uintptr_t)>;

class made_up final : public mioco::symbolizer {
public:
    explicit made_up(answer given, std::size_t stack = 1024)
        : given_(std::move(given)), stack_(stack) {}
    std::vector<mioco::source_place> find(std::uintptr_t address) override {
        return given_(address);
    }
    [[nodiscard]] std::size_t stack_bytes() const noexcept override { return stack_; }

private:
    const answer given_;
    const std::size_t stack_;
};

scoped_symbolizer asked(answer given, std::size_t stack = 1024) {
    return scoped_symbolizer(std::make_shared<made_up>(std::move(given), stack));
}

TEST(dump_names, are_those_that_the_loader_knows) {
    const std::string text = dump_of_one_in(&waits_hidden);
    const std::regex exported(
        "\n    /[^ ]*dump_names_test\\+0x[0-9a-f]+ "
        "dump_names::waits_exported\\(mioco::latch&\\)\\+0x[0-9a-f]+"
#if defined(__x86_64__)
        "\n    /[^ ]*dump_names_test\\+0x[0-9a-f]+\n"  // of who called it the place alone
#endif
    );
    EXPECT_TRUE(std::regex_search(text, exported)) << text;
    EXPECT_EQ(count_of("waits_hidden", text), 0U) << text;
    EXPECT_EQ(count_of("calls without a name", text), 0U) << text;
}

TEST(dump_names, that_are_long_are_cut) {
    const std::string text =
        dump_of_one_in(&dump_names::waits_with_long_name<dump_names::thousands>);
    EXPECT_TRUE(std::regex_search(text, std::regex(" void dump_names::waits_with_long_name<[^\n]*"
                                                   "\\.\\.\\.\\+0x[0-9a-f]+\n")))
        << text;
}

TEST(dump_names, need_a_file_for_the_address) {
    class : public mioco::detail::dump_sink {
    public:
        void put(std::string_view more) override { text += more; }
        std::string text;
    } into;
    mioco::detail::call_texts().put(into, 0x10);
    EXPECT_EQ(into.text, "    0x10\n");
}

TEST(dump_symbolizer, tells_functions_lines_and_inlined_calls) {
    const auto set = asked([](std::uintptr_t) -> std::vector<mioco::source_place> {
        return {{"inner()", "inner.hpp", 7}, {"", "outer.cpp", 0}, {"outer()"}};
    });
    const std::string text = dump_of_one_in(&dump_names::waits_exported);
    const std::regex expected(
        "\\+0x[0-9a-f]+ inner\\(\\) at inner\\.hpp:7\n"
        "        inlined into \\? at outer\\.cpp\n"
        "        inlined into outer\\(\\)\n");
    EXPECT_TRUE(std::regex_search(text, expected)) << text;
    EXPECT_EQ(count_of("waits_exported", text), 0U) << text;
}

TEST(dump_symbolizer, is_asked_once_for_each_address) {
    std::mutex guard;
    std::map<std::uintptr_t, int> times;
    const auto set = asked([&](std::uintptr_t address) -> std::vector<mioco::source_place> {
        const std::scoped_lock held(guard);
        ++times[address];
        return {{"somewhere"}};
    });
    mioco::run(mioco::config{}.workers(1), [&] {
        mioco::latch end(1);
        std::vector<mioco::join_handle<void>> all;
        for (int i = 0; i < 50; ++i)
            all.push_back(mioco::spawn([&] { dump_names::waits_exported(end); }));
        while (count_of(": waits for ", mioco::dump_text()) < 50) mioco::yield();
        times.clear();
        const std::string text = mioco::dump_text();
        EXPECT_GE(count_of(" somewhere\n", text), 50U);
        EXPECT_FALSE(times.empty());
        for (const auto& [address, count] : times) EXPECT_EQ(count, 1);
        end.count_down();
        for (auto& each : all) each.join();
    });
}

TEST(dump_symbolizer, that_knows_nothing_or_throws_is_done_without) {
    for (const bool throws : {false, true}) {
        const auto set = asked([throws](std::uintptr_t) -> std::vector<mioco::source_place> {
            if (throws) throw std::runtime_error("of the test");
            return {};
        });
        EXPECT_GE(
            count_of(" dump_names::waits_exported(", dump_of_one_in(&dump_names::waits_exported)),
            1U);
    }
}

TEST(dump_symbolizer, is_not_asked_where_there_is_too_little_stack) {
    std::atomic<bool> was_asked = false;
    const auto set = asked(
        [&](std::uintptr_t) -> std::vector<mioco::source_place> {
            was_asked = true;
            return {};
        },
        std::size_t{1} << 20);
    mioco::run(mioco::config{}.workers(1), [&] {
        mioco::latch end(1);
        auto parked = mioco::spawn([&] { dump_names::waits_exported(end); });
        while (count_of(" dump_names::waits_exported(", mioco::dump_text()) == 0) mioco::yield();
        EXPECT_FALSE(was_asked);
        end.count_down();
        parked.join();
    });
    static_cast<void>(dump_of_one_in(&dump_names::waits_exported));
    EXPECT_TRUE(was_asked);
}

TEST(dump_symbolizer, is_set_and_unset_while_others_dump) {
    mioco::latch end(1);
    mioco::runtime rt(mioco::config{}.workers(2));
    auto parked = rt.spawn([&] { dump_names::waits_exported(end); });
    auto dumper = rt.spawn([&] {
        while (!end.try_wait()) {
            EXPECT_GE(mioco::dump_text().size(), 1U);
            mioco::yield();
        }
    });
    for (int i = 0; i < 30; ++i) {
        const auto set = asked([text = std::string(100, 'x')](std::uintptr_t) {
            return std::vector<mioco::source_place>{{text}};
        });
        EXPECT_GE(mioco::dump_text().size(), 1U);
    }
    EXPECT_EQ(mioco::set_symbolizer(nullptr), nullptr);
    end.count_down();
    parked.join();
    dumper.join();
}

}  // namespace
