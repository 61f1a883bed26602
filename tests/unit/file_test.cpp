// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <mioco/mioco.hpp>

#include "fiber/fiber.hpp"
#include "sched/current.hpp"
#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/sockets.hpp"
#include "support/workers.hpp"

namespace {

using namespace std::string_view_literals;
using mioco::fs::file;
using mioco::fs::open_options;
using mioco::fs::seek_from;
using mioco_test::error_of;
using mioco_test::flag;

// A folder for the test's files, which goes with them.
class scratch {
public:
    scratch() {
        std::string name = std::filesystem::temp_directory_path() / "mioco_file_XXXXXX";
        root_ = mkdtemp(name.data());
    }
    ~scratch() { std::filesystem::remove_all(root_); }
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;

    [[nodiscard]] std::filesystem::path operator/(const char* name) const { return root_ / name; }
    // A file with this in it.
    [[nodiscard]] std::filesystem::path with(std::string_view text) const {
        const auto path = root_ / "given";
        std::ofstream(path) << text;
        return path;
    }

private:
    std::filesystem::path root_;
};

std::string contents(const std::filesystem::path& path) {
    return mioco_test::contents_of(path.native());
}

// The text of the std::system_error that `f` throws.
template <class F>
std::string text_of(F f) {
    try {
        f();
    } catch (const std::system_error& e) {
        return e.what();
    }
    return "no error";
}

class files : public mioco_test::anywhere {
protected:
    const scratch folder;
};
MIOCO_ANYWHERE(files);

TEST_P(files, are_read_to_their_end) {
    inside([path = folder.with("Hello world")] {
        auto in = file::open(path);
        EXPECT_EQ(in.path(), path);
        std::array<char, 6> buffer{};
        EXPECT_EQ(in.read(buffer), 6U);
        EXPECT_EQ(std::string_view(buffer.data(), 6), "Hello ");
        EXPECT_EQ(in.read(buffer), 5U);
        EXPECT_EQ(std::string_view(buffer.data(), 5), "world");
        EXPECT_EQ(in.read(buffer), 0U);
        EXPECT_EQ(in.read(std::span<char>()), 0U);
    });
}

TEST_P(files, are_made_and_written) {
    const auto path = folder / "made";
    inside([&] {
        auto out = file::open(path, {.write = true, .create = true});
        out.write_all("one "sv);
        EXPECT_EQ(out.write("two"sv), 3U);
        out.write_all(std::vector<std::byte>(2, std::byte{'!'}));
        out.write_all(""sv);
        EXPECT_EQ(out.size(), 9U);
        out.flush();
        out.flush_data();
        out.close();
        EXPECT_FALSE(out.is_open());
    });
    EXPECT_EQ(contents(path), "one two!!");
}

TEST_P(files, of_a_megabyte_come_back_as_they_were) {
    inside([path = folder / "large"] {
        const std::string sent = mioco_test::pattern(1 << 20);
        auto both = file::open(path, {.read = true, .write = true, .create_new = true});
        both.write_all(sent);
        both.seek(0);
        std::string received(sent.size(), '\0');
        both.read_exactly(received);
        EXPECT_TRUE(received == sent);
    });
}

TEST_P(files, are_read_and_written_at_an_offset_beside_the_position) {
    const auto path = folder.with("0123456789");
    inside([&] {
        auto both = file::open(path, {.read = true, .write = true});
        std::array<char, 3> buffer{};
        EXPECT_EQ(both.read_at(buffer, 7), 3U);
        EXPECT_EQ(std::string_view(buffer.data(), 3), "789");
        EXPECT_EQ(both.write_at("ab"sv, 4), 2U);
        EXPECT_EQ(both.read(buffer), 3U);
        EXPECT_EQ(std::string_view(buffer.data(), 3), "012");
        EXPECT_EQ(both.read_at(buffer, 10), 0U);
        EXPECT_EQ(both.write_at("z"sv, 12), 1U);
    });
    EXPECT_EQ(contents(path), "0123ab6789\0\0z"sv);
}

TEST_P(files, are_read_and_written_with_several_buffers) {
    const auto path = folder.with("0123456789");
    inside([&] {
        auto both = file::open(path, {.read = true, .write = true});
        std::string head(3, ' ');
        std::string rest(4, ' ');
        const iovec into[] = {{head.data(), head.size()}, {rest.data(), rest.size()}};
        EXPECT_EQ(both.readv(into), 7U);
        EXPECT_EQ(head + '|' + rest, "012|3456");
        EXPECT_EQ(both.readv_at(into, 5), 5U);
        EXPECT_EQ(head + '|' + rest, "567|8956");
        EXPECT_EQ(both.readv_at(into, 10), 0U);
        EXPECT_EQ(both.readv({}), 0U);
        std::string a = "ab";
        std::string b = "cde";
        const iovec from[] = {{a.data(), a.size()}, {b.data(), b.size()}};
        EXPECT_EQ(both.writev_at(from, 1), 5U);
        EXPECT_EQ(both.writev(from), 5U);
        std::error_code ec;
        EXPECT_EQ(both.writev_at(from, ~std::uint64_t{0}, ec), 0U);
        EXPECT_EQ(ec, std::errc::invalid_argument);
        both.close();
        EXPECT_EQ(error_of([&] { both.readv(into); }), std::errc::bad_file_descriptor);
        EXPECT_EQ(error_of([&] { both.writev(from); }), std::errc::bad_file_descriptor);
    });
    EXPECT_EQ(contents(path), "0abcde6abcde"sv);
}

TEST_P(files, refuse_more_buffers_than_the_system_takes) {
    inside([path = folder.with("0123")] {
        auto both = file::open(path, {.read = true, .write = true});
        char byte = 'x';
        const std::vector<iovec> parts(1025, {&byte, 1});
        constexpr auto refused = std::errc::invalid_argument;
        EXPECT_EQ(error_of([&] { both.readv(parts); }), refused);
        EXPECT_EQ(error_of([&] { both.readv_at(parts, 0); }), refused);
        EXPECT_EQ(error_of([&] { both.writev(parts); }), refused);
        EXPECT_EQ(error_of([&] { both.writev_at(parts, 0); }), refused);
        const std::vector<iovec> most(1024, {&byte, 1});
        EXPECT_EQ(both.readv(most), 4U);
        EXPECT_EQ(both.writev_at(most, 0), 1024U);
    });
}

TEST_P(files, refuse_offsets_beyond_what_the_kernel_counts) {
    inside([path = folder.with("0123")] {
        auto both = file::open(path, {.read = true, .write = true});
        char byte = 0;
        for (const std::uint64_t offset : {std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
            EXPECT_EQ(error_of([&] { both.read_at(std::span(&byte, 1), offset); }),
                      std::errc::invalid_argument);
            EXPECT_EQ(error_of([&] { both.write_at("x"sv, offset); }), std::errc::invalid_argument);
        }
        EXPECT_EQ(both.seek(0, seek_from::current), 0U);
    });
}

TEST_P(files, seek_from_begin_position_and_end) {
    inside([path = folder.with("0123456789")] {
        auto in = file::open(path);
        EXPECT_EQ(in.seek(4), 4U);
        EXPECT_EQ(in.seek(2, seek_from::current), 6U);
        EXPECT_EQ(in.seek(-1, seek_from::end), 9U);
        std::array<char, 4> buffer{};
        EXPECT_EQ(in.read(buffer), 1U);
        EXPECT_EQ(buffer[0], '9');
        EXPECT_EQ(in.seek(100), 100U);
        EXPECT_EQ(in.read(buffer), 0U);
        EXPECT_EQ(error_of([&] { in.seek(-1); }), std::errc::invalid_argument);
        std::error_code ec;
        EXPECT_EQ(in.seek(-1, seek_from::begin, ec), 0U);
        EXPECT_EQ(ec, std::errc::invalid_argument);
        EXPECT_EQ(in.seek(3, seek_from::begin, ec), 3U);
        EXPECT_FALSE(ec);
    });
}

TEST_P(files, append_where_the_end_is_by_then) {
    const auto path = folder.with("begin");
    inside([&] {
        auto log = file::open(path, {.append = true});
        log.write_all(" a"sv);
        auto other = file::open(path, {.append = true});
        other.write_all(" b"sv);
        log.write_all(" c"sv);
    });
    EXPECT_EQ(contents(path), "begin a b c");
}

TEST_P(files, truncate_what_was_there) {
    const auto path = folder.with("much text");
    inside([&] { file::open(path, {.write = true, .truncate = true}).write_all("new"sv); });
    EXPECT_EQ(contents(path), "new");
}

TEST_P(files, are_made_with_the_mode_that_was_asked_for) {
    const auto path = folder / "private";
    inside([&] { file::open(path, {.write = true, .create = true, .mode = 0600}); });
    struct stat status{};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

TEST_P(files, that_are_there_are_not_made_anew) {
    inside([path = folder.with("kept")] {
        EXPECT_EQ(error_of([&] { file::open(path, {.write = true, .create_new = true}); }),
                  std::errc::file_exists);
        file::open(path, {.write = true, .create = true}).close();
        EXPECT_EQ(contents(path), "kept");
    });
}

TEST_P(files, refuse_options_that_contradict_each_other) {
    inside([path = folder / "none"] {
        const std::vector<open_options> bad = {
            {},
            {.read = true, .create = true},
            {.read = true, .create_new = true},
            {.read = true, .truncate = true},
            {.append = true, .truncate = true},
            {.write = true, .append = true, .truncate = true},
        };
        for (const auto& options : bad) {
            std::error_code ec;
            EXPECT_FALSE(file::open(path, options, ec).is_open());
            EXPECT_EQ(ec, std::errc::invalid_argument);
        }
        EXPECT_NE(text_of([&] { file::open(path, open_options{}); })
                      .find("open with contradictory options of \"" + path.native() +
                            "\" (ask for read, write or append"),
                  std::string::npos);
        EXPECT_FALSE(std::filesystem::exists(path));
    });
}

TEST_P(files, errors_name_the_call_and_the_file) {
    inside([path = folder.with("text"), none = folder / "none"] {
        EXPECT_EQ(text_of([&] { file::open(none); }),
                  "mioco: open of \"" + none.native() + "\": No such file or directory");
        auto in = file::open(path);
        const std::string name = " of \"" + path.native() + "\"";
        const std::string not_for_that =
            " (it is not open, or was not opened for that): Bad file descriptor";
        EXPECT_EQ(text_of([&] { in.write("x"sv); }), "mioco: write" + name + not_for_that);
        EXPECT_EQ(text_of([&] { in.write_at("x"sv, 1); }), "mioco: write_at" + name + not_for_that);
        EXPECT_EQ(text_of([&] { in.write_all("x"sv); }),
                  "mioco: write_all" + name + " after 0 bytes" + not_for_that);
        EXPECT_EQ(text_of([&] { in.seek(-1); }), "mioco: seek" + name + ": Invalid argument");
        std::string buffer(10, '\0');
        EXPECT_EQ(text_of([&] { in.read_exactly(buffer); }),
                  "mioco: read_exactly" + name +
                      " after 4 bytes: " + make_error_code(mioco::errc::end_of_stream).message());
        EXPECT_EQ(text_of([&] { file::open(path / "below"); }),
                  "mioco: open of \"" + (path / "below").native() + "\": Not a directory");
    });
}

TEST_P(files, errors_are_set_instead_if_wanted) {
    inside([path = folder.with("text"), none = folder / "none"] {
        std::error_code ec;
        EXPECT_FALSE(file::open(none, ec).is_open());
        EXPECT_EQ(ec, std::errc::no_such_file_or_directory);
        auto in = file::open(path, ec);
        EXPECT_FALSE(ec);
        EXPECT_EQ(in.write("x"sv, ec), 0U);
        EXPECT_EQ(ec, std::errc::bad_file_descriptor);
        std::string buffer(10, '\0');
        EXPECT_EQ(in.read_exactly(buffer, ec), 4U);
        EXPECT_EQ(ec, mioco::errc::end_of_stream);
        EXPECT_EQ(in.read(buffer, ec), 0U);
        EXPECT_FALSE(ec);
        EXPECT_EQ(in.read_at(buffer, 1, ec), 3U);
        EXPECT_EQ(in.write_at("x"sv, 1, ec), 0U);
        EXPECT_EQ(ec, std::errc::bad_file_descriptor);
        EXPECT_EQ(in.write_all("x"sv, ec), 0U);
        EXPECT_EQ(ec, std::errc::bad_file_descriptor);
        EXPECT_EQ(in.size(ec), 4U);
        EXPECT_FALSE(ec);
        in.flush(ec);
        EXPECT_FALSE(ec);
        in.flush_data(ec);
        EXPECT_FALSE(ec);
        in.close(ec);
        EXPECT_FALSE(ec);
        in.close(ec);
        EXPECT_EQ(ec, std::errc::bad_file_descriptor);
    });
}

TEST_P(files, every_call_without_one_is_an_error) {
    inside([] {
        file none;
        char byte = 0;
        const std::span one(&byte, 1);
        const std::vector<std::function<void()>> all = {
            [&] { none.read(one); },       [&] { none.read_exactly(one); },
            [&] { none.read_at(one, 0); }, [&] { none.write(one); },
            [&] { none.write_all(one); },  [&] { none.write_at(one, 0); },
            [&] { none.seek(0); },         [&] { static_cast<void>(none.size()); },
            [&] { none.flush(); },         [&] { none.flush_data(); },
            [&] { none.close(); },
        };
        for (const auto& each : all) EXPECT_EQ(error_of(each), std::errc::bad_file_descriptor);
        EXPECT_EQ(none.native_handle(), -1);
        EXPECT_EQ(none.release(), -1);
    });
}

TEST_P(files, paths_with_a_zero_are_refused) {
    inside([path = folder.with("text")] {
        const std::string longer = path.native() + std::string("\0.txt", 5);
        EXPECT_EQ(error_of([&] { file::open(longer); }), std::errc::invalid_argument);
    });
}

TEST_P(files, are_adopted_and_released) {
    inside([path = folder.with("text")] {
        const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        auto mine = file::adopt(fd);
        EXPECT_EQ(mine.native_handle(), fd);
        EXPECT_TRUE(mine.path().empty());
        EXPECT_EQ(mioco_test::read_text(mine, 4), "text");
        EXPECT_EQ(text_of([&] { mine.write("x"sv); }),
                  "mioco: write of descriptor " + std::to_string(fd) +
                      " (it is not open, or was not opened for that): Bad file descriptor");
        EXPECT_EQ(mine.release(), fd);
        EXPECT_FALSE(mine.is_open());
        EXPECT_EQ(close(fd), 0);
        EXPECT_EQ(error_of([&] { file::adopt(-1); }), std::errc::bad_file_descriptor);
        const std::string of_none = text_of([] { file::adopt(std::numeric_limits<int>::max()); });
        EXPECT_NE(of_none.find("not open,"), std::string::npos) << of_none;
    });
}

TEST_P(files, move_with_their_descriptor) {
    inside([path = folder.with("text")] {
        auto first = file::open(path);
        const int fd = first.native_handle();
        auto second = std::move(first);
        EXPECT_FALSE(first.is_open());  // NOLINT
        EXPECT_EQ(second.native_handle(), fd);
        auto third = file::open(path);
        third = std::move(second);
        EXPECT_EQ(third.native_handle(), fd);
        EXPECT_EQ(third.path(), path);
        EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    });
}

TEST_P(files, report_a_full_device) {
    inside([] {
        auto full = file::open("/dev/full", {.write = true});
        EXPECT_EQ(error_of([&] { full.write_all("x"sv); }), std::errc::no_space_on_device);
    });
}

class files_of_fibers : public mioco_test::on_workers {
protected:
    const scratch folder;
};
MIOCO_ON_WORKER_COUNTS(files_of_fibers);

TEST_P(files_of_fibers, are_written_by_many_at_once) {
    const auto path = folder / "shared";
    run([&] {
        constexpr std::uint64_t count = 50;
        static constexpr std::uint64_t size = 100;
        auto shared = file::open(path, {.read = true, .write = true, .create = true});
        std::vector<mioco::join_handle<void>> writers;
        for (std::uint64_t i = 0; i < count; ++i) {
            writers.push_back(mioco::spawn([&shared, i] {
                const std::string mine(size, static_cast<char>('0' + i));
                EXPECT_EQ(shared.write_at(mine, i * size), size);
            }));
        }
        for (auto& each : writers) each.join();
        for (std::uint64_t i = 0; i < count; ++i) {
            std::string part(size, '\0');
            EXPECT_EQ(shared.read_at(part, i * size), size);
            EXPECT_EQ(part, std::string(size, static_cast<char>('0' + i)));
        }
    });
}

// A read that waits in the kernel: here of a pipe, which another fiber writes to.
TEST_P(files_of_fibers, other_fibers_run_meanwhile) {
    run([] {
        int ends[2];
        ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
        auto out = file::adopt(ends[1]);
        auto in = file::adopt(ends[0]);
        auto beside = mioco::spawn([&] { out.write_all("word"sv); });
        EXPECT_EQ(mioco_test::read_text(in, 4), "word");
        beside.join();
    });
}

TEST_P(files_of_fibers, a_stop_is_an_error_code_or_unwinds_and_closes) {
    mioco::runtime rt(settings());
    const auto path = folder.with("text");
    EXPECT_EQ(error_of([&] {
                  rt.run([&] {
                      auto in = file::open(path);
                      rt.stop();
                      while (!mioco::detail::current_fiber()->cancel_requested())
                          mioco::block_in_place([] {});
                      char byte = 0;
                      std::error_code ec;
                      EXPECT_EQ(in.read(std::span(&byte, 1), ec), 0U);
                      EXPECT_EQ(ec, std::errc::operation_canceled);
                      EXPECT_EQ(in.seek(0, seek_from::current), 0U);
                      auto other = file::open(path, ec);
                      EXPECT_EQ(ec, std::errc::operation_canceled);
                      in.read(std::span(&byte, 1));
                  });
              }),
              std::errc::operation_canceled);
}

// What began before the stop is done, and its count is returned.
TEST_P(files_of_fibers, a_stop_awaits_a_read_that_has_begun) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    mioco::runtime rt(settings());
    auto out = file::adopt(ends[1]);
    std::string text(4, '\0');
    std::atomic<std::size_t> count = 0;
    std::atomic<const mioco::detail::fiber*> reader = nullptr;
    static_cast<void>(rt.spawn([&, in = file::adopt(ends[0])]() mutable {
        reader = mioco::detail::current_fiber();
        count = in.read(text);
        mioco::yield();
        count = 0;
    }));
    auto stopped = rt.spawn([&] {
        mioco_test::wait_for([&] { return reader != nullptr; });
        const auto& word = reader.load()->word;
        // Whoever does the work has claimed the wait by then.
        mioco_test::wait_for([&] { return !word.is_done() && !word.cancellable_epoch(); });
        rt.stop();
        for (;;) mioco::yield();
    });
    EXPECT_EQ(error_of([&] { stopped.join(); }), std::errc::operation_canceled);
    out.write_all("word"sv);
    rt.wait();
    EXPECT_EQ(text, "word");
    EXPECT_EQ(count, 4U);
}

}  // namespace
