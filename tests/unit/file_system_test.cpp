// SPDX-License-Identifier: MPL-2.0
#include <chrono>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"

// Paths, directories, and files as a whole.

namespace {

namespace fs = mioco::fs;
using namespace std::chrono_literals;
using namespace std::string_view_literals;
using mioco_test::error_of;
using std::filesystem::copy_options;
using std::filesystem::file_type;
using std::filesystem::path;
using std::filesystem::perms;

std::set<std::string> names_in(const path& directory) {
    std::set<std::string> names;
    for (const auto& entry : fs::read_directory(directory)) {
        EXPECT_TRUE(names.insert(entry.path.filename()).second) << entry.path;
        EXPECT_EQ(entry.path.parent_path(), directory);
    }
    return names;
}

class paths : public mioco_test::anywhere {};
MIOCO_ANYWHERE(paths);

TEST_P(paths, lead_to_directories_that_are_made_and_removed) {
    inside([] {
        const fs::temporary_directory top;
        EXPECT_TRUE(fs::is_directory(top.path()));
        EXPECT_EQ(fs::status(top.path()).permissions, perms::owner_all);
        const path a = top.path() / "a";
        EXPECT_TRUE(fs::create_directory(a));
        EXPECT_FALSE(fs::create_directory(a));
        EXPECT_EQ(error_of([&] { fs::create_directory(top.path() / "x" / "y"); }),
                  std::errc::no_such_file_or_directory);
        EXPECT_TRUE(fs::create_directories(a / "b" / "c" / "d"));
        EXPECT_FALSE(fs::create_directories(a / "b" / "c" / "d"));
        EXPECT_TRUE(fs::create_directories(a / "e" / ""));
        EXPECT_TRUE(fs::is_directory(a / "e"));
        fs::write_file(a / "file", "text"sv);
        EXPECT_EQ(error_of([&] { fs::create_directory(a / "file"); }), std::errc::file_exists);
        EXPECT_EQ(error_of([&] { fs::create_directories(a / "file" / "b"); }),
                  std::errc::not_a_directory);
        EXPECT_EQ(error_of([&] { fs::remove(a); }), std::errc::directory_not_empty);
        EXPECT_TRUE(fs::remove(a / "e"));
        EXPECT_FALSE(fs::remove(a / "e"));
        EXPECT_FALSE(fs::exists(a / "e"));
        EXPECT_EQ(fs::remove_all(a), 5U);
        EXPECT_EQ(fs::remove_all(a), 0U);
        EXPECT_FALSE(fs::exists(a));
    });
}

TEST_P(paths, tell_what_is_there) {
    inside([] {
        const fs::temporary_directory top;
        const path name = top.path() / "file";
        EXPECT_EQ(fs::status(name).type, file_type::not_found);
        EXPECT_EQ(fs::status(name / "below").type, file_type::not_found);
        fs::write_file(name, "twelve bytes"sv);
        const auto found = fs::status(name);
        EXPECT_EQ(found.type, file_type::regular);
        EXPECT_EQ(found.size, 12U);
        EXPECT_EQ(found.hard_links, 1U);
        EXPECT_EQ(fs::file_size(name), 12U);
        EXPECT_TRUE(fs::is_regular_file(name));
        EXPECT_FALSE(fs::is_directory(name));
        auto opened = fs::file::open(name, {.read = true, .write = true});
        EXPECT_TRUE(opened.status().is_same_file(found));
        EXPECT_EQ(opened.status().last_write, found.last_write);
        EXPECT_GT(found.last_write, fs::file_time());
        EXPECT_EQ(error_of([&] { static_cast<void>(fs::file_size(top.path())); }),
                  std::errc::is_a_directory);
        EXPECT_EQ(error_of([&] { static_cast<void>(fs::file_size(top.path() / "none")); }),
                  std::errc::no_such_file_or_directory);
        fs::remove(name);
        EXPECT_EQ(opened.status().hard_links, 0U);
    });
}

TEST_P(paths, may_be_links) {
    inside([] {
        const fs::temporary_directory top;
        const path file = top.path() / "file";
        const path link = top.path() / "link";
        fs::write_file(file, "text"sv);
        fs::create_symlink("file", link);
        EXPECT_EQ(fs::read_symlink(link), "file");
        EXPECT_EQ(fs::status(link).type, file_type::regular);
        EXPECT_EQ(fs::symlink_status(link).type, file_type::symlink);
        EXPECT_EQ(fs::read_file(link), "text");
        fs::create_hard_link(file, top.path() / "second");
        EXPECT_EQ(fs::status(file).hard_links, 2U);
        EXPECT_TRUE(fs::status(file).is_same_file(fs::status(top.path() / "second")));
        EXPECT_EQ(error_of([&] { static_cast<void>(fs::read_symlink(file)); }),
                  std::errc::invalid_argument);
        EXPECT_EQ(error_of([&] { fs::create_symlink("file", link); }), std::errc::file_exists);
        fs::remove(file);
        EXPECT_FALSE(fs::exists(link));
        EXPECT_EQ(fs::symlink_status(link).type, file_type::symlink);
        const std::string far(1000, 'x');
        fs::create_symlink(far, top.path() / "long");
        EXPECT_EQ(fs::read_symlink(top.path() / "long"), far);
        fs::create_symlink("circle", top.path() / "circle");
        EXPECT_EQ(error_of([&] { static_cast<void>(fs::exists(top.path() / "circle")); }),
                  std::errc::too_many_symbolic_link_levels);
    });
}

TEST_P(paths, are_removed_without_what_links_lead_to) {
    inside([] {
        const fs::temporary_directory top;
        fs::create_directories(top.path() / "kept");
        fs::write_file(top.path() / "kept" / "file", ""sv);
        fs::create_directories(top.path() / "gone" / "below");
        fs::create_symlink(top.path() / "kept", top.path() / "gone" / "link");
        fs::create_symlink("none", top.path() / "gone" / "below" / "dangling");
        EXPECT_EQ(fs::remove_all(top.path() / "gone"), 4U);
        EXPECT_TRUE(fs::exists(top.path() / "kept" / "file"));
        fs::create_symlink("kept", top.path() / "link");
        EXPECT_EQ(fs::remove_all(top.path() / "link"), 1U);
        EXPECT_TRUE(fs::exists(top.path() / "kept" / "file"));
    });
}

// What is looked at is what a link with a slash behind it leads to; what is made, removed or renamed is the link.
TEST_P(paths, that_end_in_a_slash_may_be_links) {
    inside([] {
        const fs::temporary_directory top;
        fs::create_directory(top.path() / "real");
        fs::create_directory(top.path() / "other");
        fs::create_symlink("real", top.path() / "link");
        fs::create_symlink("nothing", top.path() / "dangling");
        for (const char* const name : {"link/", "dangling/"}) {
            const path link = top.path() / name;
            EXPECT_FALSE(fs::remove(link));
            EXPECT_EQ(error_of([&] { fs::rename(link, top.path() / "new"); }),
                      std::errc::not_a_directory);
            EXPECT_EQ(error_of([&] { fs::rename(top.path() / "other", link); }),
                      std::errc::not_a_directory);
            EXPECT_EQ(error_of([&] { fs::create_symlink("real", link); }), std::errc::file_exists);
        }
        EXPECT_EQ(fs::symlink_status(top.path() / "link/").type, file_type::directory);
        EXPECT_EQ(names_in(top.path()),
                  (std::set<std::string>{"real", "other", "link", "dangling"}));
    });
}

TEST_P(paths, are_renamed_over_others) {
    inside([] {
        const fs::temporary_directory top;
        const path a = top.path() / "a";
        const path b = top.path() / "b";
        fs::write_file(a, "new"sv);
        fs::write_file(b, "old"sv);
        fs::rename(a, b);
        EXPECT_EQ(fs::read_file(b), "new");
        EXPECT_FALSE(fs::exists(a));
        EXPECT_EQ(error_of([&] { fs::rename(a, b); }), std::errc::no_such_file_or_directory);
        fs::create_directories(a / "below");
        EXPECT_EQ(error_of([&] { fs::rename(b, a); }), std::errc::is_a_directory);
        EXPECT_EQ(error_of([&] { fs::rename(a, b); }), std::errc::not_a_directory);
        EXPECT_EQ(error_of([&] { fs::rename(a, a / "below" / "a"); }), std::errc::invalid_argument);
        fs::create_directory(top.path() / "empty");
        fs::rename(a, top.path() / "empty");
        EXPECT_TRUE(fs::is_directory(top.path() / "empty" / "below"));
        EXPECT_EQ(names_in(top.path()), (std::set<std::string>{"b", "empty"}));
    });
}

TEST_P(paths, of_a_directory_are_listed_each_once) {
    inside([] {
        const fs::temporary_directory top;
        std::set<std::string> made;
        for (int i = 0; i < 150; ++i) {
            made.insert("a long name, of which a few fill what is read at once " +
                        std::to_string(i));
            fs::write_file(top.path() / *made.rbegin(), ""sv);
        }
        for (const auto& each : made) fs::write_file(top.path() / each, ""sv);
        EXPECT_EQ(names_in(top.path()), made);
        for (const auto& entry : fs::read_directory(top.path())) {
            EXPECT_EQ(entry.type, file_type::regular);
            fs::remove(entry.path);
        }
        EXPECT_EQ(names_in(top.path()), std::set<std::string>());
        fs::directory_entries none;
        EXPECT_FALSE(none.next());
        EXPECT_EQ(error_of([&] { fs::read_directory(top.path() / "none"); }),
                  std::errc::no_such_file_or_directory);
        fs::write_file(top.path() / "file", ""sv);
        EXPECT_EQ(error_of([&] { fs::read_directory(top.path() / "file"); }),
                  std::errc::not_a_directory);
    });
}

TEST_P(paths, are_copied) {
    inside([] {
        const fs::temporary_directory top;
        const path from = top.path() / "from";
        const path to = top.path() / "to";
        const std::string much = mioco_test::pattern(200'000);
        fs::write_file(from, much);
        fs::permissions(from, perms::owner_read | perms::owner_write | perms::group_read);
        EXPECT_TRUE(fs::copy_file(from, to));
        EXPECT_TRUE(fs::read_file(to) == much);
        EXPECT_EQ(fs::status(to).permissions, fs::status(from).permissions);
        EXPECT_EQ(error_of([&] { fs::copy_file(from, to); }), std::errc::file_exists);
        fs::write_file(from, "less"sv);
        EXPECT_FALSE(fs::copy_file(from, to, copy_options::skip_existing));
        EXPECT_EQ(fs::file_size(to), much.size());
        EXPECT_TRUE(fs::copy_file(from, to, copy_options::overwrite_existing));
        EXPECT_EQ(fs::read_file(to), "less");
        EXPECT_FALSE(fs::copy_file(from, to, copy_options::update_existing));
        EXPECT_EQ(error_of([&] { fs::copy_file(from, from, copy_options::overwrite_existing); }),
                  std::errc::file_exists);
        EXPECT_EQ(fs::read_file(from), "less");
        EXPECT_EQ(error_of([&] { fs::copy_file(top.path(), to); }), std::errc::is_a_directory);
        EXPECT_EQ(
            error_of([&] { fs::copy_file(from, top.path(), copy_options::overwrite_existing); }),
            std::errc::is_a_directory);
    });
}

TEST_P(paths, have_permissions_and_sizes_that_are_set) {
    inside([] {
        using std::filesystem::perm_options;
        const fs::temporary_directory top;
        const path name = top.path() / "file";
        fs::write_file(name, "0123456789"sv);
        fs::permissions(name, perms::owner_all);
        fs::permissions(name, perms::group_read, perm_options::add);
        fs::permissions(name, perms::owner_exec, perm_options::remove);
        EXPECT_EQ(fs::status(name).permissions,
                  perms::owner_read | perms::owner_write | perms::group_read);
        EXPECT_EQ(error_of([&] {
                      fs::permissions(name, perms::all,
                                      perm_options::replace | perm_options::nofollow);
                  }),
                  std::errc::operation_not_supported);
        fs::resize_file(name, 4);
        EXPECT_EQ(fs::read_file(name), "0123");
        auto opened = fs::file::open(name, {.read = true, .write = true});
        opened.resize(6);
        EXPECT_EQ(fs::read_file(name), "0123\0\0"sv);
        EXPECT_EQ(error_of([&] { opened.resize(~std::uint64_t{0}); }), std::errc::invalid_argument);
        EXPECT_EQ(error_of([&] { fs::resize_file(top.path() / "none", 1); }),
                  std::errc::no_such_file_or_directory);
        auto fresh = fs::file::create(name);
        EXPECT_EQ(fresh.size(), 0U);
    });
}

TEST_P(paths, that_make_no_sense_are_refused_by_each_call) {
    inside([] {
        const fs::temporary_directory top;
        const path good = top.path() / "good";
        for (const path& bad : {path("a\0b"sv), path("")}) {
            const std::vector<std::function<void(std::error_code&)>> all = {
                [&](auto& ec) { fs::create_directory(bad, ec); },
                [&](auto& ec) { fs::create_directories(bad, ec); },
                [&](auto& ec) { static_cast<void>(fs::read_symlink(bad, ec)); },
                [&](auto& ec) { static_cast<void>(fs::file_size(bad, ec)); },
                [&](auto& ec) { fs::create_symlink(bad, good, ec); },
                [&](auto& ec) { fs::create_symlink("x", bad, ec); },
                [&](auto& ec) { fs::create_hard_link(bad, good, ec); },
                [&](auto& ec) { fs::rename(bad, good, ec); },
                [&](auto& ec) { fs::copy_file(bad, good, ec); },
                [&](auto& ec) { fs::permissions(bad, perms::all, ec); },
                [&](auto& ec) { fs::resize_file(bad, 1, ec); },
                [&](auto& ec) { fs::read_directory(bad, ec); },
                [&](auto& ec) { static_cast<void>(fs::read_file(bad, ec)); },
                [&](auto& ec) { fs::write_file(bad, "x"sv, ec); },
                [&](auto& ec) { fs::append_file(bad, "x"sv, ec); },
                [&](auto& ec) { fs::replace_file(bad, "x"sv, ec); },
                [&](auto& ec) { static_cast<void>(fs::temporary_file(bad, ec)); },
            };
            const auto wanted =
                bad.empty() ? std::errc::no_such_file_or_directory : std::errc::invalid_argument;
            for (std::size_t i = 0; i < all.size(); ++i) {
                std::error_code ec;
                all[i](ec);
                EXPECT_EQ(ec, wanted) << i;
            }
        }
        EXPECT_EQ(names_in(top.path()), std::set<std::string>());
        EXPECT_FALSE(fs::exists(""));
        EXPECT_FALSE(fs::remove(""));
        EXPECT_EQ(fs::remove_all(""), 0U);
    });
}

TEST_P(paths, lead_to_files_that_are_read_and_written_whole) {
    inside([] {
        const fs::temporary_directory top;
        const path name = top.path() / "file";
        fs::write_file(name, "first, and long"sv);
        fs::write_file(name, "second"sv);
        fs::append_file(name, " third"sv);
        fs::append_file(top.path() / "made", "x"sv);
        EXPECT_EQ(fs::read_file(name), "second third");
        EXPECT_EQ(fs::read_file(top.path() / "made"), "x");
        const std::string much = mioco_test::pattern(100'000);
        fs::write_file(name, much);
        EXPECT_TRUE(fs::read_file(name) == much);
        EXPECT_EQ(error_of([&] { static_cast<void>(fs::read_file(top.path())); }),
                  std::errc::is_a_directory);
        EXPECT_EQ(error_of([&] { fs::write_file(top.path(), "x"sv); }), std::errc::is_a_directory);
        try {
            static_cast<void>(fs::read_file(top.path() / "none"));
            ADD_FAILURE();
        } catch (const std::system_error& e) {
            EXPECT_EQ(e.what(), "mioco: read_file of \"" + (top.path() / "none").native() +
                                    "\": No such file or directory");
        }
    });
}

TEST_P(paths, lead_to_files_that_are_replaced) {
    inside([] {
        const fs::temporary_directory top;
        const path name = top.path() / "file";
        fs::replace_file(name, "first"sv);
        EXPECT_EQ(fs::read_file(name), "first");
        fs::permissions(name, perms::owner_read | perms::group_exec);
        fs::create_directory(top.path() / "links");
        fs::create_symlink("../file", top.path() / "links" / "b");
        fs::create_symlink("b", top.path() / "links" / "a");
        auto old = fs::file::open(top.path() / "links" / "a");
        fs::replace_file(top.path() / "links" / "a", "second"sv);
        EXPECT_EQ(fs::read_file(name), "second");
        EXPECT_EQ(fs::status(name).permissions, perms::owner_read | perms::group_exec);
        EXPECT_EQ(fs::symlink_status(top.path() / "links" / "a").type, file_type::symlink);
        EXPECT_EQ(mioco_test::read_text(old, 5), "first");
        EXPECT_EQ(error_of([&] { fs::replace_file(top.path(), "x"sv); }),
                  std::errc::is_a_directory);
        EXPECT_EQ(error_of([&] { fs::replace_file(top.path() / "none" / "x", "x"sv); }),
                  std::errc::no_such_file_or_directory);
        EXPECT_EQ(names_in(top.path()), (std::set<std::string>{"file", "links"}));
        EXPECT_EQ(names_in(top.path() / "links"), (std::set<std::string>{"a", "b"}));
    });
}

TEST_P(paths, of_temporary_things_are_gone_with_them) {
    inside([] {
        path seen;
        {
            fs::temporary_directory top;
            seen = top.path();
            auto moved = std::move(top);
            EXPECT_TRUE(top.path().empty());  // NOLINT
            auto unnamed = fs::temporary_file(moved.path());
            unnamed.write_all("text"sv);
            EXPECT_EQ(names_in(seen), std::set<std::string>());
            EXPECT_EQ(unnamed.status().hard_links, 0U);
            unnamed.seek(0);
            EXPECT_EQ(mioco_test::read_text(unnamed, 4), "text");
            fs::create_directories(seen / "a" / "b");
        }
        EXPECT_FALSE(fs::exists(seen));
        fs::temporary_directory kept;
        seen = kept.release();
        kept = fs::temporary_directory();
        EXPECT_TRUE(fs::exists(seen));
        fs::remove(seen);
        EXPECT_EQ(error_of([&] { fs::temporary_directory in(seen); }),
                  std::errc::no_such_file_or_directory);
    });
}

// Whenever the cancel comes, the file is one of the two, and nothing else is left.
TEST(paths_of_fibers, a_cancelled_replacement_is_done_or_leaves_nothing) {
    mioco::run([] {
        const fs::temporary_directory top;
        const path name = top.path() / "file";
        const std::string contents[] = {std::string(3000, 'a'), std::string(5000, 'b')};
        fs::replace_file(name, contents[0]);
        int cancelled = 0;
        for (int i = 0; i < 60; ++i) {
            auto replacing = mioco::spawn([&] { fs::replace_file(name, contents[i % 2]); });
            for (int k = 0; k < i; ++k) mioco::yield();
            replacing.cancel();
            const bool is_done = error_of([&] { replacing.join(); }) == std::errc{};
            if (!is_done) ++cancelled;
            const std::string found = fs::read_file(name);
            EXPECT_TRUE(found == contents[0] || found == contents[1]) << found.size();
            EXPECT_TRUE(!is_done || found == contents[i % 2]);
            ASSERT_EQ(names_in(top.path()), std::set<std::string>{"file"});
        }
        EXPECT_GT(cancelled, 0);
    });
}

TEST(paths_of_fibers, a_deadline_that_has_passed_lets_nothing_begin) {
    mioco::run([] {
        const fs::temporary_directory top;
        const path name = top.path() / "file";
        fs::write_file(name, "old"sv);
        const auto late = [](auto f) { return error_of([&] { mioco::with_deadline(0s, f); }); };
        EXPECT_EQ(late([&] { fs::replace_file(name, "new"sv); }), std::errc::timed_out);
        EXPECT_EQ(late([&] { fs::write_file(name, "new"sv); }), std::errc::timed_out);
        EXPECT_EQ(late([&] { fs::remove_all(top.path()); }), std::errc::timed_out);
        EXPECT_EQ(late([&] { fs::create_directory(top.path() / "x"); }), std::errc::timed_out);
        EXPECT_EQ(late([&] { fs::read_directory(top.path()); }), std::errc::timed_out);
        EXPECT_EQ(fs::read_file(name), "old");
        EXPECT_EQ(names_in(top.path()), std::set<std::string>{"file"});
    });
}

// What only the system has.

TEST(paths_of_the_system, are_read_whatever_size_they_tell) {
    EXPECT_NE(fs::read_file("/proc/self/status").find("Threads:"), std::string::npos);
    const fs::temporary_directory top;
    EXPECT_TRUE(fs::copy_file("/proc/version", top.path() / "version"));
    EXPECT_EQ(fs::read_file(top.path() / "version"), fs::read_file("/proc/version"));
}

TEST(paths_of_the_system, report_a_full_device_and_replace_no_device) {
    EXPECT_EQ(error_of([] { fs::write_file("/dev/full", "x"sv); }), std::errc::no_space_on_device);
    EXPECT_EQ(error_of([] { fs::append_file("/dev/full", "x"sv); }), std::errc::no_space_on_device);
    EXPECT_EQ(error_of([] { fs::replace_file("/dev/full", "x"sv); }), std::errc::invalid_argument);
    const fs::temporary_directory top;
    EXPECT_EQ(error_of([&] { fs::copy_file("/dev/zero", top.path() / "zero"); }),
              std::errc::invalid_argument);
    EXPECT_EQ(names_in(top.path()), std::set<std::string>());
}

TEST(paths_of_the_system, lead_to_files_beyond_four_gigabytes) {
    auto sparse = fs::temporary_file();
    constexpr std::uint64_t size = 5ULL << 30;
    sparse.resize(size);
    EXPECT_EQ(sparse.size(), size);
    EXPECT_EQ(sparse.status().size, size);
    sparse.write_at("end"sv, size - 1);
    EXPECT_EQ(sparse.size(), size + 2);
    sparse.seek(static_cast<std::int64_t>(size - 1));
    EXPECT_EQ(mioco_test::read_text(sparse, 3), "end");
}

}  // namespace
