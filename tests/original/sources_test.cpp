// SPDX-License-Identifier: MPL-2.0
// The original's tests of what can be waited for, by name.
#include <array>
#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/process.hpp"
#include "support/sizes.hpp"
#include "support/sockets.hpp"
#include "support/workers.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::captured_stderr;
using mioco_test::read_text;

class sources : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(sources);

void copy_on(mioco::pipe_reader from, mioco::pipe_writer to, std::size_t idle_pipes) {
    std::vector<std::pair<mioco::pipe_reader, mioco::pipe_writer>> unused;
    for (std::size_t i = 0; i < idle_pipes; ++i) unused.push_back(mioco::pipe());
    char buffer[128];
    while (const std::size_t count = from.read(buffer))
        to.write_all(std::string_view(buffer, count));
}

// Messages through a chain of so many fibers, one at a time; then the end goes through.
void expect_through_chain(std::size_t length, std::size_t idle_pipes) {
    auto [reader, first] = mioco::pipe();
    for (std::size_t i = 0; i < length; ++i) {
        auto [next, writer] = mioco::pipe();
        mioco::spawn(copy_on, std::move(reader), std::move(writer), idle_pipes);
        reader = std::move(next);
    }
    for (const std::string_view message :
         {"a", "ab", "abc", "abcd", "hello", "world", "one", "more", "last"}) {
        first.write_all(message);
        EXPECT_EQ(read_text(reader, message.size()), message);
    }
    first.close();
    char nothing[1];
    EXPECT_EQ(reader.read(nothing), 0U);
}

TEST_P(sources, long_chain) {
    run([] { expect_through_chain(here(mioco_test::chain), 0); });
}

TEST_P(sources, lots_of_event_sources) {
    run([] { expect_through_chain(8, 100); });
}

TEST_P(sources, destructs_io_on_panic) {
    const captured_stderr silent;
    bool at_end = false;
    run([&] {
        auto [reader, writer] = mioco::pipe();
        auto reading = mioco::spawn([&, reader = std::move(reader)]() mutable {
            char nothing[1];
            at_end = reader.read(nothing) == 0;
        });
        mioco::spawn([writer = std::move(writer)] { throw std::runtime_error("with its end"); });
        reading.join();
    });
    EXPECT_TRUE(at_end);
}

// What was dropped, or handed back, leaves nothing behind: its place is another's.
TEST_P(sources, event_source_unwrap_on_drop) {
    run([] {
        for (int i = 0; i < 5'000; ++i) {
            auto [reader, writer] = mioco::pipe();
            EXPECT_EQ(mioco::select(reader.readable(), mioco::otherwise).index(), 1U);
            auto again = mioco::pipe_writer::adopt(writer.release());
            again.write_all(std::string_view("x"));
            EXPECT_EQ(mioco::select(reader.readable(), mioco::after(1h)).index(), 0U);
        }
    });
}

TEST_P(sources, select_on_struct_fields) {
    struct held {
        mioco::timer timer;
    };
    bool ran = false;
    run([&] {
        const held fields;
        mioco::select(mioco::on(fields.timer.expiring(), [&] { ran = true; }));
    });
    EXPECT_TRUE(ran);
}

// The original's macro needed no comma after its last arm; here it is a function, and what remains is that both cases are ready.
TEST(sources_once, select_no_comma) {
    mioco::run([] {
        auto [reader, writer] = mioco::pipe();
        writer.close();
        const mioco::timer timer;
        std::array<int, 2> won{};
        // By chance alone one of them wins never about once in 10^60 runs.
        for (int i = 0; i < 200; ++i)
            ++won[mioco::select(reader.readable(), timer.expiring()).index()];
        EXPECT_GT(won[0], 0);
        EXPECT_GT(won[1], 0);
    });
}

}  // namespace
