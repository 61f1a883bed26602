// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>
#include <mioco/sim.hpp>

#include "support/flag.hpp"

// What a crash leaves of a simulated host's files.

namespace {

namespace fs = mioco::fs;
namespace sim = mioco::sim;
using namespace std::chrono_literals;
using namespace std::string_view_literals;

constexpr std::size_t sector = 512;

// Of what must never go wrong; more with MIOCO_SEEDS.
std::uint64_t many_seeds() {
    const char* const wanted = std::getenv("MIOCO_SEEDS");
    return wanted == nullptr ? 200 : std::stoull(wanted);
}

void sync_root() {
    auto root = fs::file::open("/");
    root.flush();
}

// Runs `before`, then `during` until the host crashes at some moment, and `after` when it is up again; all on one host.
sim::report crash_once(std::uint64_t seed, const std::function<void()>& before,
                       const std::function<void()>& during, const std::function<void()>& after) {
    sim::config world;
    world.seed = seed;
    world.workers = 1;
    sim::report about;
    sim::run(
        world,
        [&] {
            sim::spawn_on("disk", before).join();
            auto writing = sim::spawn_on("disk", during);
            mioco::sleep_for(std::chrono::microseconds(sim::random_below(1000)));
            sim::crash("disk");
            EXPECT_NE(mioco_test::error_of([&] { writing.join(); }), std::errc{});
            sim::restart("disk");
            sim::spawn_on("disk", after).join();
        },
        &about);
    return about;
}

constexpr std::size_t record_bytes = 300;  // not a sector

std::string record(std::size_t number) {
    std::string text = std::to_string(number) + " ";
    while (text.size() < record_bytes) text += static_cast<char>('a' + number % 26);
    return text;
}

// Whether each record that was acknowledged is there.
bool log_keeps_its_word(std::uint64_t seed, bool flushes) {
    std::size_t acknowledged = 0;
    std::string left;
    crash_once(
        seed,
        [] {
            fs::file::create("/log").flush();
            sync_root();
        },
        [&] {
            auto log = fs::file::open("/log", {.append = true});
            for (std::size_t i = 0;; ++i) {
                log.write_all(record(i));
                if (flushes) log.flush_data();
                acknowledged = i + 1;
            }
        },
        [&] { left = fs::read_file("/log"); });
    for (std::size_t i = 0; i < acknowledged; ++i) {
        if (left.substr(std::min(i * record_bytes, left.size()), record_bytes) != record(i))
            return false;
    }
    return true;
}

TEST(sim_disk, keeps_each_record_of_a_log_that_flushes_before_it_acknowledges) {
    for (std::uint64_t seed = 0; seed < many_seeds(); ++seed)
        ASSERT_TRUE(log_keeps_its_word(seed, true)) << seed;
}

TEST(sim_disk, shows_a_log_that_forgets_to_flush) {
    int caught = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed)
        caught += log_keeps_its_word(seed, false) ? 0 : 1;
    EXPECT_GT(caught, 5);
}

std::string version(std::size_t number) {
    return std::string(3 * sector + 100 * (number % 7), static_cast<char>('a' + number % 26));
}

using write_version = std::function<void(const std::string& bytes)>;

// How a file fared whose versions were written one after the other.
struct outcome {
    bool is_whole;     // one of the versions that may be there
    bool is_expected;  // none before the last that was acknowledged
};

outcome crash_while_writing_versions(std::uint64_t seed, const write_version& write) {
    std::size_t acknowledged = 0;
    std::string left;
    crash_once(
        seed, [&] { fs::replace_file("/state", version(0)); },
        [&] {
            for (std::size_t i = 1;; ++i) {
                write(version(i));
                acknowledged = i;
            }
        },
        [&] { left = fs::exists("/state") ? fs::read_file("/state") : "nothing"; });
    outcome found{false, left == version(acknowledged) || left == version(acknowledged + 1)};
    for (std::size_t i = 0; i <= acknowledged + 1; ++i)
        found.is_whole = found.is_whole || left == version(i);
    return found;
}

TEST(sim_disk, has_the_old_or_the_new_of_a_file_that_is_replaced) {
    for (std::uint64_t seed = 0; seed < many_seeds(); ++seed) {
        const outcome found = crash_while_writing_versions(
            seed, [](const std::string& bytes) { fs::replace_file("/state", bytes); });
        ASSERT_TRUE(found.is_whole && found.is_expected) << seed;
    }
}

TEST(sim_disk, tears_a_file_that_is_written_over) {
    int torn = 0;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        const outcome found = crash_while_writing_versions(
            seed, [](const std::string& bytes) { fs::write_file("/state", bytes); });
        torn += found.is_whole ? 0 : 1;
    }
    EXPECT_GT(torn, 5);
}

TEST(sim_disk, tears_a_file_that_was_renamed_and_not_flushed) {
    int torn = 0;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        const outcome found = crash_while_writing_versions(seed, [](const std::string& bytes) {
            fs::write_file("/new", bytes);
            fs::rename("/new", "/state");
        });
        torn += found.is_whole ? 0 : 1;
    }
    EXPECT_GT(torn, 5);
}

// With the file flushed, but not the directory.
TEST(sim_disk, may_take_back_a_renaming_but_never_half_of_it) {
    int old = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const outcome found = crash_while_writing_versions(seed, [](const std::string& bytes) {
            auto fresh = fs::file::create("/new");
            fresh.write_all(bytes);
            fresh.flush();
            fs::rename("/new", "/state");
        });
        ASSERT_TRUE(found.is_whole) << seed;
        old += found.is_expected ? 0 : 1;
    }
    EXPECT_GT(old, 10);
}

// One write over many sectors, all of which were flushed before.
TEST(sim_disk, writes_each_sector_whole_and_in_any_order) {
    constexpr std::size_t sectors = 8;
    int in_parts = 0;
    int out_of_order = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        std::string left;
        crash_once(
            seed, [] { fs::replace_file("/data", std::string(sectors * sector, 'a')); },
            [] {
                auto data = fs::file::open("/data", {.write = true});
                data.write_all(std::string(sectors * sector, 'b'));
                mioco::sleep_for(1h);
            },
            [&] { left = fs::read_file("/data"); });
        ASSERT_EQ(left.size(), sectors * sector);
        std::string each;
        for (std::size_t i = 0; i < sectors; ++i) {
            each += left[i * sector];
            ASSERT_EQ(left.substr(i * sector, sector), std::string(sector, each.back()));
        }
        if (each.find_first_not_of(each[0]) != std::string::npos) ++in_parts;
        if (each.find("ab") != std::string::npos) ++out_of_order;
    }
    EXPECT_GT(in_parts, 10);
    EXPECT_GT(out_of_order, 5);
}

// What is in a directory after a crash is what was at one moment since it was flushed.
TEST(sim_disk, keeps_names_in_their_order) {
    std::set<std::set<std::string>> seen;
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
        std::set<std::string> left;
        crash_once(
            seed,
            [] {
                fs::create_directory("/data");
                fs::write_file("/data/a", ""sv);
                auto data = fs::file::open("/data");
                data.flush();
                sync_root();
            },
            [] {
                fs::create_directory("/data/b");
                fs::rename("/data/a", "/data/c");
                fs::remove("/data/b");
                mioco::sleep_for(1h);
            },
            [&] {
                for (const auto& entry : fs::read_directory("/data"))
                    left.insert(entry.path.filename());
            });
        seen.insert(left);
    }
    const std::set<std::set<std::string>> allowed = {{"a"}, {"a", "b"}, {"b", "c"}, {"c"}};
    EXPECT_EQ(seen, allowed);
}

TEST(sim_disk, gives_locks_back_at_a_crash) {
    crash_once(
        1, [] { fs::replace_file("/file", ""sv); },
        [] {
            auto file = fs::file::open("/file", {.write = true});
            file.lock();
            mioco::sleep_for(1h);
        },
        [] { EXPECT_TRUE(fs::file::open("/file", {.write = true}).try_lock()); });
}

TEST(sim_disk, goes_the_same_way_again) {
    const auto write = [] {
        for (int i = 0;; ++i) fs::append_file("/log" + std::to_string(i % 3), record(1));
    };
    const auto list = [] {
        for (const auto& entry : fs::read_directory("/")) {
            if (entry.type == std::filesystem::file_type::regular)
                static_cast<void>(fs::read_file(entry.path));
        }
    };
    std::set<std::uint64_t> hashes;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        const auto once = crash_once(seed, [] {}, write, list);
        EXPECT_EQ(crash_once(seed, [] {}, write, list).hash, once.hash);
        hashes.insert(once.hash);
    }
    EXPECT_EQ(hashes.size(), 10U);
}

TEST(sim_disk, tells_virtual_times) {
    sim::run(1, [] {
        fs::write_file("/file", "x"sv);
        const auto before = fs::status("/file");
        mioco::sleep_for(1h);
        fs::append_file("/file", "y"sv);
        const auto after = fs::status("/file");
        EXPECT_GE(after.last_write - before.last_write, 1h);
        EXPECT_LT(after.last_write - before.last_write, 1h + 1s);
    });
}

TEST(sim_disk, fails_where_it_is_asked_to) {
    int errors = 0;
    int full = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        sim::config world;
        world.seed = seed;
        world.faults.disk_error = world.faults.no_space = 0.05;
        sim::run(world, [&] {
            std::error_code ec;
            while (fs::replace_file("/state", version(0), ec), ec) continue;
            for (std::size_t i = 1; i < 5; ++i) {
                fs::replace_file("/state", version(i), ec);
                if (ec == std::errc::io_error) ++errors;
                if (ec == std::errc::no_space_on_device) ++full;
                std::string found;
                while (found = fs::read_file("/state", ec), ec) continue;
                EXPECT_TRUE(found == version(i) || found == version(i - 1));
                while (fs::replace_file("/state", version(i), ec), ec) continue;
                for (const auto& entry : fs::read_directory("/"))
                    EXPECT_FALSE(entry.path.filename().native().starts_with(".mioco-"));
            }
        });
    }
    EXPECT_GT(errors, 5);
    EXPECT_GT(full, 5);
}

// As Linux has it: the next flush does not tell of what the last one has lost.
TEST(sim_disk, may_lose_what_a_flush_that_failed_was_to_save) {
    int lost = 0;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        sim::config world;
        world.seed = seed;
        world.faults.disk_error = 0.5;
        sim::run(world, [&] {
            bool has_failed = false;
            sim::spawn_on("disk", [&] {
                std::error_code ec;
                auto file = fs::file::create("/file");
                auto root = fs::file::open("/");
                while (root.flush(ec), ec) continue;
                file.write_all("text"sv);
                while (file.flush(ec), ec) has_failed = true;
            }).join();
            sim::crash("disk");
            sim::restart("disk");
            const std::string left = sim::spawn_on("disk", [&] {
                                         std::error_code ec;
                                         std::string found;
                                         while (found = fs::read_file("/file", ec), ec) continue;
                                         return found;
                                     }).join();
            EXPECT_TRUE(has_failed || left == "text") << left;
            if (left != "text") ++lost;
        });
    }
    EXPECT_GT(lost, 5);
}

}  // namespace
