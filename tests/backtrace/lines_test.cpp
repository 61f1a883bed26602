// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <filesystem>
#include <memory>
#include <regex>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <mioco/backtrace.hpp>
#include <mioco/mioco.hpp>

#include "support/process.hpp"

// Functions and lines of calls, from the debug information of this program.

namespace {

/// While it lives, libdw finds names.
class by_libdw {
public:
    by_libdw() : before_(mioco::set_symbolizer(mioco::backtrace::make_symbolizer())) {}
    ~by_libdw() { mioco::set_symbolizer(before_); }
    by_libdw(const by_libdw&) = delete;
    by_libdw& operator=(const by_libdw&) = delete;

private:
    std::shared_ptr<mioco::symbolizer> before_;
};

unsigned inner_line = 0;
unsigned outer_line = 0;
unsigned inlined_line = 0;

[[gnu::noinline]] void waits_inside(mioco::latch& end) {
    inner_line = std::source_location::current().line() + 1;
    end.wait();
    asm volatile("");  // no jump in place of the call
}

[[gnu::always_inline]] inline void waits_inlined(mioco::latch& end) {
    inlined_line = std::source_location::current().line() + 1;
    waits_inside(end);
    asm volatile("");
}

[[gnu::noinline]] void waits_outside(mioco::latch& end) {
    outer_line = std::source_location::current().line() + 1;
    waits_inlined(end);
    asm volatile("");
}

std::string text_of(const std::string& name, const std::string& dump) {
    const auto begin = dump.find('"' + name + '"');
    return begin == std::string::npos ? ""
                                      : dump.substr(begin, dump.find("\nfiber ", begin) - begin);
}

std::string place(const std::string& function, unsigned line) {
    return " (anonymous namespace)::" + function + " at " +
           std::source_location::current().file_name() + ':' + std::to_string(line) + '\n';
}

#if defined(__x86_64__)
TEST(lines, are_those_of_the_parked_fibers_calls) {
    const by_libdw in_use;
    mioco::run(mioco::config{}.workers(1), [] {
        mioco::latch end(1);
        auto parked = mioco::spawn({.name = "parked"}, [&] { waits_outside(end); });
        std::string text;
        do {
            mioco::yield();
            text = text_of("parked", mioco::dump_text());
            // Of functions that other files cannot see, compilers may write down the plain name.
            text = std::regex_replace(text, std::regex("\\(mioco::latch&\\)"), "");
        } while (text.find(": waits for latch") == std::string::npos);
        const auto expected = place("waits_inside", inner_line);
        EXPECT_NE(text.find(expected), std::string::npos) << expected << " in\n" << text;
        const auto around = place("waits_inlined", inlined_line) + "        inlined into" +
                            place("waits_outside", outer_line);
        EXPECT_NE(text.find(around), std::string::npos) << around << " in\n" << text;
        end.count_down();
        parked.join();
    });
}
#endif

TEST(lines, are_known_of_no_address_that_is_no_code) {
    const auto symbolizer = mioco::backtrace::make_symbolizer();
    EXPECT_TRUE(symbolizer->find(0x10).empty());
    EXPECT_TRUE(symbolizer->find(reinterpret_cast<std::uintptr_t>(symbolizer.get())).empty());
}

TEST(lines, of_libraries_that_come_and_go) {
    const auto symbolizer = mioco::backtrace::make_symbolizer();
    EXPECT_TRUE(symbolizer->find(0x10).empty());
    // Some library that this program has not loaded.
    void* const library = dlopen("libthread_db.so.1", RTLD_LAZY);
    ASSERT_NE(library, nullptr) << dlerror();
    const auto function = reinterpret_cast<std::uintptr_t>(dlsym(library, "td_init"));
    ASSERT_NE(function, 0U);
    const auto found = symbolizer->find(function);
    ASSERT_FALSE(found.empty());
    EXPECT_NE(found.back().function.find("td_init"), std::string::npos);
    dlclose(library);
    static_cast<void>(symbolizer->find(function));
}

TEST(lines, are_found_by_many_at_once) {
    const by_libdw in_use;
    mioco::run(mioco::config{}.workers(3), [] {
        mioco::latch end(1);
        auto parked = mioco::spawn([&] { waits_outside(end); });
        std::vector<mioco::join_handle<void>> dumpers;
        for (int i = 0; i < 4; ++i)
            dumpers.push_back(mioco::spawn([] { EXPECT_FALSE(mioco::dump_text().empty()); }));
        for (auto& each : dumpers) each.join();
        end.count_down();
        parked.join();
    });
}

}  // namespace
