// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <mioco/mioco.hpp>

#include "fiber/fiber.hpp"
#include "io/uring/file_ring.hpp"
#include "sched/current.hpp"
#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/sizes.hpp"
#include "support/workers.hpp"

// What an io_uring has peculiar to it. All of it holds with the pool as well, but for the descriptors that are counted.

namespace {

using namespace std::string_view_literals;
using mioco::fs::file;
using mioco_test::error_of;
using mioco_test::flag;

std::size_t rings_of_this_process() {
    std::size_t count = 0;
    for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        if (std::filesystem::read_symlink(each, gone) == "anon_inode:[io_uring]") ++count;
    }
    return count;
}

bool has_rings() {
    return mioco::detail::files_may_have_ring() && mioco::detail::file_ring::make() != nullptr;
}

file nameless_file() { return file::adopt(memfd_create("mioco", MFD_CLOEXEC)); }

// The kernel has read(2) and write(2) take turns at the position of one that was opened by its name.
file opened_file() {
    std::string path = std::filesystem::temp_directory_path() / "mioco_ring_XXXXXX";
    const int fd = mkostemp(path.data(), O_CLOEXEC);
    unlink(path.c_str());
    return file::adopt(fd);
}

struct pipe_files {
    pipe_files() {
        int ends[2];
        EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
        in = file::adopt(ends[0]);
        out = file::adopt(ends[1]);
    }
    file in;
    file out;
};

// Whether the call in which a fiber waits has begun: no cancel ends it any more.
bool has_begun(const mioco::detail::fiber& f) {
    return !f.word.is_done() && !f.word.cancellable_epoch();
}

TEST(file_ring, is_made_with_the_first_call_that_wants_it_and_goes_with_its_runtime) {
    const std::size_t wanted = has_rings() ? 1 : 0;
    mioco::run(mioco::config{}.workers(1), [&] {
        EXPECT_EQ(rings_of_this_process(), 0U);
        nameless_file().flush();
        nameless_file().flush();
        EXPECT_EQ(rings_of_this_process(), wanted);
    });
    EXPECT_EQ(rings_of_this_process(), 0U);
}

TEST(file_ring, is_left_out_if_the_environment_says_so) {
    const mioco_test::scoped_environment pool("MIOCO_FILES", "pool");
    mioco::run(mioco::config{}.workers(1), [] {
        nameless_file().flush();
        EXPECT_EQ(rings_of_this_process(), 0U);
    });
}

TEST(file_ring, bad_choice_is_refused_with_what_is_allowed) {
    const mioco_test::scoped_environment paper("MIOCO_FILES", "paper");
    try {
        const mioco::runtime rt(mioco::config{}.workers(1));
        ADD_FAILURE() << "it was taken";
    } catch (const std::invalid_argument& e) {
        EXPECT_EQ(e.what(), "mioco: MIOCO_FILES = \"paper\": allowed is ring or pool"sv);
    }
}

TEST(file_ring, of_thousands_of_runtimes_leave_nothing) {
    for (std::size_t i = 0; i < mioco_test::here(mioco_test::runtime_starts); ++i)
        mioco::run(mioco::config{}.workers(1), [] { nameless_file().flush(); });
}

class file_rings : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(file_rings);

TEST_P(file_rings, do_more_at_once_than_they_have_room_for) {
    static constexpr std::size_t readers = 600;
    run([] {
        pipe_files both;
        std::vector<mioco::join_handle<std::size_t>> all;
        for (std::size_t i = 0; i < readers; ++i) {
            all.push_back(mioco::spawn([&] {
                char byte = 0;
                return both.in.read(std::span(&byte, 1));
            }));
        }
        for (int i = 0; i < 1000; ++i) mioco::yield();  // so that most have begun
        // By a thread, as all of the pool's may be reading.
        std::thread([&] { both.out.write_all(std::string(readers, 'x')); }).join();
        std::size_t sum = 0;
        for (auto& each : all) sum += each.join();
        EXPECT_EQ(sum, readers);
    });
}

TEST_P(file_rings, a_cancelled_read_has_taken_nothing) {
    run([] {
        pipe_files both;
        for (int i = 0; i < 200; ++i) {
            std::size_t count = 0;
            char byte = 0;
            auto reader = mioco::spawn([&] { count = both.in.read(std::span(&byte, 1)); });
            if (i % 2 == 0) mioco::yield();
            reader.cancel();
            both.out.write_all("x"sv);
            const bool cancelled =
                error_of([&] { reader.join(); }) == std::errc::operation_canceled;
            EXPECT_EQ(count, cancelled ? 0U : 1U);
            if (cancelled) {
                EXPECT_EQ(both.in.read(std::span(&byte, 1)), 1U);
            }
        }
    });
}

TEST_P(file_rings, a_deadline_ends_only_what_has_not_begun) {
    run([] {
        pipe_files both;
        for (int i = 0; i < 20; ++i) {
            std::size_t count = 0;
            char byte = 0;
            auto reader = mioco::spawn([&] {
                std::error_code ec;
                mioco::with_deadline(std::chrono::microseconds(i * 10),
                                     [&] { count = both.in.read(std::span(&byte, 1), ec); });
                EXPECT_EQ(count, ec ? 0U : 1U);
            });
            both.out.write_all("x"sv);
            reader.join();
            if (count == 0) {
                EXPECT_EQ(both.in.read(std::span(&byte, 1)), 1U);
            }
        }
    });
}

TEST_P(file_rings, a_runtime_ends_after_what_has_begun) {
    pipe_files both;
    char byte = 0;
    std::atomic<std::size_t> count = 0;
    std::thread writer;
    {
        mioco::runtime rt(settings());
        std::atomic<mioco::detail::fiber*> reader = nullptr;
        rt.spawn([&] {
              reader = mioco::detail::current_fiber();
              count = both.in.read(std::span(&byte, 1));
          }).detach();
        while (reader == nullptr || !has_begun(*reader)) std::this_thread::yield();
        rt.stop();
        writer = std::thread([&] { both.out.write_all("x"sv); });
    }
    writer.join();
    EXPECT_EQ(count, 1U);
    EXPECT_EQ(byte, 'x');
}

// Of what it does later an io_uring leaves the position alone.
TEST_P(file_rings, calls_past_the_page_cache_move_the_position) {
    constexpr std::size_t block = 4096;
    const mioco::fs::temporary_directory folder;
    const std::string path = folder.path() / "file";
    mioco::fs::write_file(path, std::string(3 * block, 'a'));
    int fd = open(path.c_str(), O_RDWR | O_DIRECT | O_CLOEXEC);
    if (fd < 0) fd = open(path.c_str(), O_RDWR | O_CLOEXEC);  // not every file system has O_DIRECT
    auto direct = file::adopt(fd);
    alignas(block) static char buffer[block];
    run([&] {
        for (const char each : {'x', 'y'}) {
            std::ranges::fill(buffer, each);
            EXPECT_EQ(direct.write(buffer), block);
        }
        EXPECT_EQ(direct.read(buffer), block);
        EXPECT_EQ(buffer[0], 'a');
        EXPECT_EQ(direct.read(buffer), 0U);
    });
    EXPECT_EQ(mioco::fs::read_file(path),
              std::string(block, 'x') + std::string(block, 'y') + std::string(block, 'a'));
}

// More than there is room for completions; what is more than that is done by the pool.
TEST_P(file_rings, as_many_as_want_may_wait_for_pipes) {
    constexpr std::size_t readers = 300;
    std::vector<std::unique_ptr<pipe_files>> pipes;
    for (std::size_t i = 0; i < readers; ++i) pipes.push_back(std::make_unique<pipe_files>());
    std::thread writer([&] {
        for (const auto& each : pipes) each->out.write_all("x"sv);
    });
    run([&] {
        std::vector<mioco::join_handle<void>> fibers;
        for (const auto& each : pipes) {
            fibers.push_back(mioco::spawn([&in = each->in] {
                char byte = 0;
                EXPECT_EQ(in.read(std::span(&byte, 1)), 1U);
            }));
        }
        for (auto& each : fibers) each.join();
    });
    writer.join();
}

TEST_P(file_rings, calls_at_the_position_take_turns) {
    constexpr std::size_t records = 200;
    static constexpr std::size_t size = 100;
    auto shared = opened_file();
    const auto write = [&](std::size_t i) {
        shared.write_all(std::string(size, static_cast<char>('0' + i % 64)));
    };
    std::thread outside([&] {
        for (std::size_t i = 0; i < records; i += 2) write(i);
    });
    run([&] {
        std::vector<mioco::join_handle<void>> writers;
        for (std::size_t i = 1; i < records; i += 2)
            writers.push_back(mioco::spawn([&, i] { write(i); }));
        for (auto& each : writers) each.join();
    });
    outside.join();
    EXPECT_EQ(shared.size(), records * size);
    shared.seek(0);
    std::atomic<std::size_t> whole = 0;
    run([&] {
        std::vector<mioco::join_handle<void>> readers;
        for (std::size_t i = 0; i < records; ++i) {
            readers.push_back(mioco::spawn([&] {
                std::string record(size, '\0');
                EXPECT_EQ(shared.read(record), size);
                whole += std::ranges::count(record, record[0]) == size ? 1U : 0U;
            }));
        }
        for (auto& each : readers) each.join();
    });
    EXPECT_EQ(whole, records);
    EXPECT_EQ(shared.seek(0, mioco::fs::seek_from::current), records * size);
}

TEST_P(file_rings, large_reads_and_writes_come_back_as_they_were) {
    run([] {
        auto both = nameless_file();
        std::string sent(3 << 20, '\0');
        for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i % 251);
        EXPECT_EQ(both.write_at(sent, 5), sent.size());
        std::string received(sent.size() + 10, '\0');
        EXPECT_EQ(both.read_at(received, 5), sent.size());
        received.resize(sent.size());
        EXPECT_TRUE(received == sent);
    });
}

TEST_P(file_rings, pipes_have_no_offsets) {
    run([] {
        pipe_files both;
        both.out.write_all("word"sv);
        char byte = 0;
        EXPECT_EQ(error_of([&] { both.in.read_at(std::span(&byte, 1), 1); }),
                  std::errc::invalid_seek);
        EXPECT_EQ(error_of([&] { both.out.write_at("x"sv, 1); }), std::errc::invalid_seek);
        EXPECT_EQ(both.in.read(std::span(&byte, 1)), 1U);
        EXPECT_EQ(byte, 'w');
    });
}

// A neighbour hands over what waits behind a fiber that computes, and takes what is done.
TEST(file_ring, what_a_busy_worker_was_asked_for_is_done_by_its_neighbour) {
    mioco::run(mioco::config{}.workers(2).migrate(mioco::migration::allowed), [] {
        pipe_files both;
        auto other = nameless_file();
        for (int i = 0; i < 10; ++i) {
            flag done;
            auto computes = mioco::spawn([&] { done.await_computing(); });
            std::thread writer([&] { both.out.write_all("x"sv); });
            char byte = 0;
            other.flush();
            EXPECT_EQ(both.in.read(std::span(&byte, 1)), 1U);
            done.raise();
            computes.join();
            writer.join();
        }
    });
}

TEST(file_ring, runs_of_one_runtime_on_several_threads_have_the_same) {
    mioco::runtime rt(mioco::config{}.workers(1));
    for (int i = 0; i < 5; ++i)
        std::thread([&] { rt.run([] { nameless_file().flush(); }); }).join();
}

// What concerns a whole process, each case in a child of its own.

class file_ring_process : public testing::Test {
protected:
    file_ring_process() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

    // The calls that a file has need of; whether each did what it should.
    static bool works(file& of) {
        std::array<char, 4> buffer{};
        if (of.write_at("word"sv, 0) != 4 || of.read_at(buffer, 0) != 4) return false;
        of.flush();
        of.seek(0);
        return of.write("abcd"sv) == 4 && of.seek(0) == 0 && of.read(buffer) == 4 &&
               std::string_view(buffer.data(), 4) == "abcd";
    }
};

// From here on the calling thread, and those that it starts, get this for such a call.
void deny(unsigned call, unsigned failure) {
    sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | failure),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{std::size(steps), steps};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) std::_Exit(77);
}

TEST_F(file_ring_process, a_sandbox_that_denies_it_leaves_files_to_the_pool) {
    for (const unsigned failure : {ENOSYS, EPERM, ENOMEM, EMFILE}) {
        EXPECT_EXIT(
            {
                deny(SYS_io_uring_setup, failure);
                std::_Exit(mioco::run(mioco::config{}.workers(2), [] {
                    auto mine = nameless_file();
                    return works(mine) && rings_of_this_process() == 0 ? 0 : 1;
                }));
            },
            testing::ExitedWithCode(0), "");
    }
}

TEST_F(file_ring_process, a_sandbox_that_is_closed_later_leaves_files_to_the_pool) {
    EXPECT_EXIT(
        {
            std::_Exit(mioco::run(mioco::config{}.workers(1), [] {
                auto mine = nameless_file();
                if (!works(mine)) return 1;
                deny(SYS_io_uring_enter, EPERM);
                return works(mine) && works(mine) ? 0 : 2;
            }));
        },
        testing::ExitedWithCode(0), "");
}

TEST_F(file_ring_process, without_a_descriptor_left_files_are_left_to_the_pool) {
    EXPECT_EXIT(
        {
            std::_Exit(mioco::run(mioco::config{}.workers(1), [] {
                auto mine = nameless_file();
                const rlimit none{static_cast<rlim_t>(mine.native_handle() + 1), 4096};
                setrlimit(RLIMIT_NOFILE, &none);
                return works(mine) ? 0 : 1;
            }));
        },
        testing::ExitedWithCode(0), "");
}

TEST_F(file_ring_process, a_write_beyond_the_limit_or_to_no_reader_raises_no_signal) {
    EXPECT_EXIT(
        {
            std::_Exit(mioco::run(mioco::config{}.workers(1), [] {
                auto mine = nameless_file();
                pipe_files both;
                both.in.close();
                if (error_of([&] { both.out.write("x"sv); }) != std::errc::broken_pipe) return 1;
                const rlimit small{100, 100};
                setrlimit(RLIMIT_FSIZE, &small);
                if (error_of([&] { mine.write_at("x"sv, 200); }) != std::errc::file_too_large)
                    return 2;
                return mine.write_at(std::string(200, 'x'), 0) == 100 ? 0 : 3;
            }));
        },
        testing::ExitedWithCode(0), "");
}

#if !defined(MIOCO_TSAN)  // which supports no threads after a fork
TEST_F(file_ring_process, a_fiber_of_a_forked_child_is_refused_and_takes_nothing) {
    EXPECT_EXIT(
        {
            mioco::run(mioco::config{}.workers(2), [] {
                auto mine = nameless_file();
                mine.flush();
                const pid_t child = fork();
                if (child == 0) {
                    try {
                        mine.flush();
                    } catch (const std::logic_error& e) {
                        std::fprintf(stderr, "%s\n", e.what());
                        _exit(0);
                    }
                    _exit(1);
                }
                int status = -1;
                waitpid(child, &status, 0);
                if (!works(mine)) std::_Exit(101);
                std::_Exit(WIFEXITED(status) ? WEXITSTATUS(status) : 100);
            });
        },
        testing::ExitedWithCode(0), "cannot be made in a forked child");
}
#endif

}  // namespace
