// SPDX-License-Identifier: MPL-2.0
// Cancels and deadlines at each call on paths, of files as such, of children and of signals; see cancel_sweep_test.cpp.
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <mioco/owned_fd.hpp>

#include "support/busy_pool.hpp"
#include "support/cancel_sweep.hpp"
#include "support/children.hpp"
#include "support/process.hpp"

namespace {

namespace fs = mioco::fs;
namespace process = mioco::process;
using namespace std::chrono_literals;
using namespace std::string_view_literals;
using mioco_test::blocking_call;
using mioco_test::busy_thread;
using mioco_test::lasting;
using mioco_test::on_a_busy_pool;
using mioco_test::scene;
using std::filesystem::path;
using enum mioco_test::seen;

// Files and paths, while the pool is busy

// There are a file with "abc" in it, a link to that, and a folder with one file.
struct folder {
    folder() {
        file.write_all("abc"sv);
        fs::create_symlink("file", top.path() / "link");
        fs::create_directory(top.path() / "full");
        fs::write_file(top.path() / "full" / "one", "1"sv);
    }
    [[nodiscard]] path at(const char* name) const { return top.path() / name; }

    fs::temporary_directory top;
    fs::file file =
        fs::file::open(top.path() / "file", {.read = true, .write = true, .create = true});
};

using folder_check = std::function<void(const folder&)>;

folder_check holds(const char* name, std::string_view text) {
    return [=](const folder& of) { EXPECT_EQ(fs::read_file(of.at(name)), text) << name; };
}
folder_check has_not(const char* name) {
    return [=](const folder& of) { EXPECT_FALSE(fs::exists(of.at(name))) << name; };
}

template <class Call>
std::function<scene()> in_a_folder(Call call, folder_check check = holds("file", "abc")) {
    return [=] {
        const auto one = std::make_shared<folder>();
        const auto busy = std::make_shared<busy_thread>();
        return scene{[=](lasting) { call(*one); }, [=] { busy->go_on(); },
                     [=] {
                         busy->join();
                         check(*one);
                     }};
    };
}

scene listing_a_folder() {
    const auto one = std::make_shared<folder>();
    const auto entries =
        std::make_shared<fs::directory_entries>(fs::read_directory(one->at("full")));
    const auto busy = std::make_shared<busy_thread>();
    return {[=](lasting) {
                const auto entry = entries->next();
                EXPECT_TRUE(entry && entry->path == one->at("full") / "one");
            },
            [=] { busy->go_on(); },
            [=] {
                busy->join();
                EXPECT_FALSE(entries->next());
            }};
}

std::vector<blocking_call> of_files() {
    return {
        {"file::create", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { EXPECT_TRUE(fs::file::create(in.at("file")).is_open()); },
                     holds("file", "")),
         false},
        {"file::resize", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { in.file.resize(2); }, holds("file", "ab")), false},
        {"file::status", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { EXPECT_EQ(in.file.status().size, 3U); }), false},
        {"file::try_lock", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { EXPECT_TRUE(in.file.try_lock()); }), false},
        {"file::try_lock_shared", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { EXPECT_TRUE(in.file.try_lock_shared()); }), false},
        {"fs::temporary_file", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { EXPECT_TRUE(fs::temporary_file(in.top.path()).is_open()); }),
         false},
        {"fs::read_file", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { EXPECT_EQ(fs::read_file(in.at("file")), "abc"); }), false},
        {"fs::write_file", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { fs::write_file(in.at("file"), "x"sv); }, holds("file", "x")),
         false},
        {"fs::append_file", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { fs::append_file(in.at("file"), "x"sv); },
                     holds("file", "abcx")),
         false},
        {"fs::replace_file", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { fs::replace_file(in.at("file"), "x"sv); }, holds("file", "x")),
         false},
        {"fs::copy_file", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { EXPECT_TRUE(fs::copy_file(in.at("file"), in.at("new"))); },
                     holds("new", "abc")),
         false},
        {"fs::resize_file", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { fs::resize_file(in.at("file"), 2); }, holds("file", "ab")),
         false},
        {"fs::file_size", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { EXPECT_EQ(fs::file_size(in.at("file")), 3U); }), false},
    };
}
MIOCO_SWEEP(files, of_files);

std::vector<blocking_call> of_paths() {
    using std::filesystem::file_type;
    const folder_check is_directory = [](auto& in) { EXPECT_TRUE(fs::is_directory(in.at("new"))); };
    const folder_check is_private = [](auto& in) {
        EXPECT_EQ(fs::status(in.at("file")).permissions, std::filesystem::perms::owner_read);
    };
    return {
        {"fs::status", throws_before_it_runs, throws_before_it_runs, in_a_folder([](auto& in) {
             EXPECT_EQ(fs::status(in.at("link")).type, file_type::regular);
         }),
         false},
        {"fs::symlink_status", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) {
             EXPECT_EQ(fs::symlink_status(in.at("link")).type, file_type::symlink);
         }),
         false},
        {"fs::exists", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { EXPECT_TRUE(fs::exists(in.at("file"))); }), false},
        {"fs::is_directory", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { EXPECT_TRUE(fs::is_directory(in.at("full"))); }), false},
        {"fs::is_regular_file", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { EXPECT_TRUE(fs::is_regular_file(in.at("file"))); }), false},
        {"fs::create_directory", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { EXPECT_TRUE(fs::create_directory(in.at("new"))); },
                     is_directory),
         false},
        {"fs::create_directories", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { EXPECT_TRUE(fs::create_directories(in.at("new/one"))); },
                     is_directory),
         false},
        {"fs::create_symlink", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { fs::create_symlink("file", in.at("new")); },
                     holds("new", "abc")),
         false},
        {"fs::create_hard_link", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { fs::create_hard_link(in.at("file"), in.at("new")); },
                     holds("new", "abc")),
         false},
        {"fs::read_symlink", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { EXPECT_EQ(fs::read_symlink(in.at("link")), "file"); }), false},
        {"fs::remove", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { EXPECT_TRUE(fs::remove(in.at("file"))); }, has_not("file")),
         false},
        {"fs::remove_all", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { EXPECT_GE(fs::remove_all(in.at("full")), 1U); },
                     has_not("full")),
         false},
        {"fs::rename", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { fs::rename(in.at("file"), in.at("new")); },
                     holds("new", "abc")),
         false},
        {"fs::permissions", throws_before_it_runs, throws_before_it_runs,
         in_a_folder(
             [](auto& in) { fs::permissions(in.at("file"), std::filesystem::perms::owner_read); },
             is_private),
         false},
        {"fs::read_directory", throws_before_it_runs, throws_before_it_runs,
         in_a_folder([](auto& in) { fs::read_directory(in.at("full")); }), false},
        {"directory_entries::next", throws_before_it_runs, throws_before_it_runs, listing_a_folder,
         false},
    };
}
MIOCO_SWEEP(paths, of_paths);

// Somebody else has the file's lock.
template <class Lock>
std::function<scene()> locking(Lock lock) {
    return [=] {
        const auto one = std::make_shared<folder>();
        const auto other = std::make_shared<fs::file>(
            fs::file::open(one->at("file"), {.read = true, .write = true}));
        EXPECT_TRUE(other->try_lock());
        return scene{[=](lasting) { lock(one->file); }, [=] { other->unlock(); },
                     [=] {
                         EXPECT_FALSE(other->try_lock());
                         one->file.unlock();
                         EXPECT_TRUE(other->try_lock());
                     }};
    };
}

std::vector<blocking_call> of_file_locks() {
    return {
        {"file::lock", throws, throws, locking([](auto& file) { file.lock(); })},
        {"file::lock_shared", throws, throws, locking([](auto& file) { file.lock_shared(); })},
    };
}
MIOCO_SWEEP(file_locks, of_file_locks);

// Standard input, which is a pipe, a socket, or an eventfd, of which each is read in another way

class replaced_input {
public:
    explicit replaced_input(int by) { dup2(by, STDIN_FILENO); }
    ~replaced_input() {
        dup2(kept_, STDIN_FILENO);
        close(kept_);
    }
    replaced_input(const replaced_input&) = delete;
    replaced_input& operator=(const replaced_input&) = delete;

private:
    int kept_ = dup(STDIN_FILENO);
};

struct ends {
    int ours;
    int others;
};
ends of_a_pipe() {
    int made[2];
    EXPECT_EQ(pipe(made), 0);
    return {made[0], made[1]};
}
ends of_a_socket() {
    int made[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, made), 0);
    return {made[0], made[1]};
}
ends of_an_eventfd() {
    const int made = eventfd(0, 0);
    return {made, dup(made)};
}

constexpr std::uint64_t something = 7;

template <class Call>
std::function<scene()> of_input(ends (*kind)(), Call call) {
    return [=] {
        const auto [ours, others] = kind();
        const replaced_input meanwhile(ours);
        const auto input = std::make_shared<mioco::async_fd>(mioco::standard_input());
        const auto other = std::make_shared<mioco::owned_fd>(others);
        close(ours);
        return scene{[=](lasting) { call(*input); },
                     [=] { EXPECT_EQ(write(other->get(), &something, sizeof something), 8); }};
    };
}

void read_something(mioco::async_fd& from) {
    std::uint64_t found = 0;
    EXPECT_EQ(from.read(std::as_writable_bytes(std::span(&found, 1))), sizeof found);
    EXPECT_EQ(found, something);
}

std::vector<blocking_call> of_standard_input() {
    return {
        {"reading::read", throws, throws, of_input(of_a_pipe, read_something)},
        {"reading::read", throws, throws, of_input(of_a_socket, read_something)},
        {"reading::read", throws, throws, of_input(of_an_eventfd, read_something)},
        {"async_fd::wait_readable", throws, throws,
         of_input(of_an_eventfd, [](auto& from) { from.wait_readable(); })},
        {"select", throws, throws,
         of_input(of_a_pipe, [](auto& from) { mioco::select(from.readable()); })},
    };
}
MIOCO_SWEEP(standard_input, of_standard_input);

// Children

template <class Wait>
std::function<scene()> waiting(Wait wait) {
    return [=] {
        const auto child = std::make_shared<process::child>(mioco_test::waiting_child());
        return scene{[=](lasting) { EXPECT_TRUE(wait(*child).success()); },
                     [=] { child->standard_input().close(); },
                     [=] { EXPECT_TRUE(child->try_wait()->success()); }};
    };
}

// A child that was started is killed.
scene starting() {
    scene of = on_a_busy_pool([] { EXPECT_TRUE(mioco_test::waiting_child()); })();
    of.check = [join = of.check] {
        join();
        mioco_test::expect_no_child_left();
    };
    return of;
}

scene running() {
    return {[](lasting time) {
                const auto seconds = time == lasting::long_time ? "3600"sv : "0"sv;
                EXPECT_TRUE(process::run({"sleep", seconds}).status.success());
            },
            [] {}, mioco_test::expect_no_child_left};
}

std::vector<blocking_call> of_children() {
    return {
        {"child::wait", throws, throws, waiting([](auto& child) { return child.wait(); })},
        {"child::wait_for", throws, throws,
         waiting([](auto& child) { return child.wait_for(1h).value(); })},
        {"select", throws, throws,
         waiting([](auto& child) { return std::get<0>(mioco::select(child.ended())); })},
        {"process::spawn", throws_before_it_runs, throws_before_it_runs, starting, false},
        {"process::run", throws, throws, running},
    };
}
MIOCO_SWEEP(children, of_children);

// Signals

template <class Receive>
std::function<scene()> receiving(Receive receive) {
    return [=] {
        const auto signals = std::make_shared<mioco::signals>(std::initializer_list{SIGUSR1});
        return scene{[=](lasting) { EXPECT_EQ(receive(*signals), SIGUSR1); },
                     [] { mioco_test::signal_process(SIGUSR1); },
                     [=] { EXPECT_FALSE(signals->try_recv()); }};
    };
}

template <class Wait>
std::function<scene()> waiting_for_the_end(Wait wait) {
    return [=] {
        const auto stop = std::make_shared<mioco::graceful_stop>(std::initializer_list{SIGUSR2});
        return scene{[=](lasting) { wait(*stop); }, [] { mioco_test::signal_process(SIGUSR2); },
                     [=] { EXPECT_TRUE(stop->is_due()); }};
    };
}

std::vector<blocking_call> of_signals() {
    return {
        {"signals::recv", throws, throws, receiving([](auto& from) { return from.recv(); })},
        {"signals::try_recv_for", throws, throws,
         receiving([](auto& from) { return from.try_recv_for(1h); })},
        {"signals::try_recv_until", throws, throws, receiving([](auto& from) {
             return from.try_recv_until(std::chrono::steady_clock::now() + 1h);
         })},
        {"graceful_stop::wait", throws, throws,
         waiting_for_the_end([](auto& stop) { EXPECT_EQ(stop.wait(), SIGUSR2); })},
        {"graceful_stop::wait_for", throws, throws,
         waiting_for_the_end([](auto& stop) { EXPECT_TRUE(stop.wait_for(1h)); })},
    };
}
MIOCO_SWEEP(system_signals, of_signals);

}  // namespace
