// SPDX-License-Identifier: MPL-2.0
#include <chrono>
#include <filesystem>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <system_error>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"

// Locks of whole files.

namespace {

namespace fs = mioco::fs;
using namespace std::chrono_literals;
using namespace std::string_view_literals;
using mioco_test::error_of;
using std::filesystem::path;

class file_locks : public mioco_test::anywhere {};
MIOCO_ANYWHERE(file_locks);

TEST_P(file_locks, exclude_what_was_opened_separately) {
    inside([] {
        const fs::temporary_directory top;
        const fs::open_options both{.read = true, .write = true, .create = true};
        auto a = fs::file::open(top.path() / "file", both);
        auto b = fs::file::open(top.path() / "file", both);
        auto c = fs::file::open(top.path() / "file");
        a.lock();
        EXPECT_FALSE(b.try_lock());
        EXPECT_FALSE(b.try_lock_shared());
        a.lock_shared();
        EXPECT_TRUE(c.try_lock_shared());
        EXPECT_FALSE(a.try_lock()) << "c shares it";
        EXPECT_FALSE(b.try_lock()) << "a has kept its share";
        c.unlock_shared();
        a.unlock();
        EXPECT_TRUE(b.try_lock());
        b.close();
        EXPECT_TRUE(a.try_lock());
        EXPECT_EQ(error_of([&] { c.lock(); }), std::errc::bad_file_descriptor);
        EXPECT_EQ(error_of([&] { b.lock(); }), std::errc::bad_file_descriptor);
        b.unlock();
    });
}

TEST_P(file_locks, are_waited_for) {
    inside([] {
        const fs::temporary_directory top;
        const path name = top.path() / "count";
        fs::write_file(name, "0"sv);
        const auto count_up = [&] {
            auto mine = fs::file::open(name, {.read = true, .write = true});
            for (int i = 0; i < 5; ++i) {
                const std::unique_lock held(mine);
                fs::write_file(name, std::to_string(std::stoi(fs::read_file(name)) + 1));
            }
        };
        mioco_test::beside other(count_up);
        count_up();
        other.join();
        auto mine = fs::file::open(name);
        const std::shared_lock held(mine);
        EXPECT_EQ(fs::read_file(name), "10");
    });
}

TEST_P(file_locks, are_not_taken_after_a_deadline) {
    inside([] {
        const fs::temporary_directory top;
        auto holder = fs::file::create(top.path() / "file");
        auto waiter = fs::file::open(top.path() / "file", {.write = true});
        holder.lock();
        EXPECT_EQ(error_of([&] { mioco::with_deadline(3ms, [&] { waiter.lock(); }); }),
                  std::errc::timed_out);
        holder.unlock();
        EXPECT_TRUE(holder.try_lock());
    });
}

TEST(file_lock_of_a_fiber, is_not_waited_for_after_a_cancel) {
    mioco::run([] {
        const fs::temporary_directory top;
        auto holder = fs::file::create(top.path() / "file");
        holder.lock();
        auto waiting = mioco::spawn([&] {
            auto waiter = fs::file::open(top.path() / "file", {.write = true});
            waiter.lock();
        });
        mioco::sleep_for(2ms);
        waiting.cancel();
        EXPECT_EQ(error_of([&] { waiting.join(); }), std::errc::operation_canceled);
        holder.unlock();
        EXPECT_TRUE(holder.try_lock());
    });
}

}  // namespace
