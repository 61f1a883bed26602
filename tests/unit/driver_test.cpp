// SPDX-License-Identifier: MPL-2.0
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "io/epoll/epoll_driver.hpp"
#include "runtime/runtime_access.hpp"
#include "runtime/runtime_core.hpp"

// A runtime over a world that is made up: none of its descriptors is the kernel's, and time passes only while all wait. What went
// straight to the system would fail there, or not come to its end.
#include "support/flag.hpp"

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using mioco::detail::fd_object;
using mioco::detail::nanoseconds_t;

class made_up_poller final : public mioco::detail::poller {
public:
    made_up_poller(const void* group, std::atomic<nanoseconds_t>& time)
        : poller(group), wakeups_(mioco::detail::system_driver().make_poller(group)), time_(time) {}

    int watch(fd_object&) noexcept override { return 0; }
    void unwatch(fd_object&) noexcept override {}
    void wait(nanoseconds_t timeout_ns, std::size_t most, caller who) noexcept override {
        const bool passes = timeout_ns > 0 && timeout_ns != mioco::detail::never;
        if (passes) time_ += timeout_ns;
        wakeups_->wait(passes ? 0 : timeout_ns, most, who);
    }
    void wake() noexcept override { wakeups_->wake(); }

private:
    const std::unique_ptr<poller> wakeups_;
    std::atomic<nanoseconds_t>& time_;
};

class made_up_world final : public mioco::detail::epoll_driver {
public:
    enum class kind { file, reading, writing, terminal, stream, listener, unix_listener };

    /// A new descriptor, beyond all that the kernel would give.
    int make(kind what) {
        open_[next_] = what;
        return next_++;
    }
    [[nodiscard]] std::size_t open() const { return open_.size(); }

    std::string file;
    std::string sent;  // what was written to anything else
    std::string to_come;
    std::size_t drawn = 0;
    std::size_t disabled = 0;
    std::function<void()> before_read = [] {};  // of anything but a file

    std::unique_ptr<mioco::detail::poller> make_poller(const void* group) override {
        return std::make_unique<made_up_poller>(group, time_);
    }
    nanoseconds_t now() noexcept override { return time_; }
    std::uint64_t random() noexcept override { return ++drawn; }

    int open_file(const char*, int, unsigned) noexcept override { return make(kind::file); }
    ssize_t read_file(int fd, std::span<std::byte> into, std::int64_t offset) noexcept override {
        if (!is(fd, kind::file)) return -EBADF;
        const std::string_view all = file;
        const auto from = static_cast<std::size_t>(offset == here ? place_ : offset);
        const std::size_t count = all.substr(from).copy(as_text(into), into.size());
        if (offset == here) place_ += static_cast<std::int64_t>(count);
        return static_cast<ssize_t>(count);
    }
    ssize_t write_file(int fd, std::span<const std::byte> from, std::int64_t) noexcept override {
        return is(fd, kind::file) ? appended(file, from) : -EBADF;
    }
    ssize_t send_file(int from, int to, std::size_t most) noexcept override {
        if (!is(from, kind::file) || !is(to, kind::writing)) return -EBADF;
        const std::string part = file.substr(static_cast<std::size_t>(place_), most);
        place_ += static_cast<std::int64_t>(part.size());
        return appended(sent, std::as_bytes(std::span(part)));
    }
    int sync_file(int fd, bool) noexcept override { return is(fd, kind::file) ? 0 : -EBADF; }
    std::int64_t file_size(int) noexcept override { return static_cast<std::int64_t>(file.size()); }
    std::int64_t seek(int, std::int64_t offset, int origin) noexcept override {
        place_ = offset + (origin == SEEK_CUR ? place_ : 0);
        return place_;
    }
    // A file system that does not tell types: of its files one is gone by then, and one is not to be looked at.
    int read_directory(int, std::vector<mioco::detail::directory_item>& into) noexcept override {
        for (const char* const each : {"there", "gone", "barred", "behind"})
            into.push_back({each, 0});
        return 4;
    }
    int file_status(const char* path, struct stat& status) noexcept override {
        const std::string_view name = path;
        if (name.ends_with("gone")) return -ENOENT;
        status.st_mode = S_IFREG;
        return name.ends_with("barred") ? -EACCES : 0;
    }
    int close_file(int fd) noexcept override { return open_.erase(fd) == 1 ? 0 : -EBADF; }

    int open_pipe(int (&ends)[2]) noexcept override {
        ends[0] = make(kind::reading);
        ends[1] = make(kind::writing);
        return 0;
    }
    ssize_t read(std::span<std::byte> into, int fd) noexcept override {
        before_read();
        if (!open_.contains(fd)) return -EBADF;
        const std::size_t count = to_come.copy(as_text(into), into.size());
        to_come.erase(0, count);
        return static_cast<ssize_t>(count);
    }
    ssize_t write(std::span<const std::byte> from, int fd) noexcept override {
        return open_.contains(fd) ? appended(sent, from) : -EBADF;
    }

    int fd_status(int fd, struct stat& status) noexcept override {
        if (!open_.contains(fd)) return -EBADF;
        status.st_mode = is(fd, kind::terminal) ? S_IFCHR : S_IFIFO;
        return 0;
    }
    int fd_type(int fd) noexcept override { return driver::fd_type(fd); }
    int status_flags(int fd) noexcept override {
        return is(fd, kind::writing) ? O_WRONLY : O_RDONLY;
    }
    bool is_terminal(int fd) noexcept override { return is(fd, kind::terminal); }
    int make_non_blocking(int fd) noexcept override { return open_.contains(fd) ? 1 : -EBADF; }
    void make_blocking(int) noexcept override {}
    int duplicate(int fd) noexcept override { return make(open_.at(fd)); }
    int reopen_in_place(int) noexcept override { return -EACCES; }
    bool disable(int) noexcept override { return ++disabled > 0; }
    int ready_now(int fd, short events) noexcept override {
        return open_.contains(fd) ? events : -EBADF;
    }
    void close(int fd) noexcept override { open_.erase(fd); }

    int get_option(int fd, int, int name, void* value, socklen_t*) noexcept override {
        int told = name == SO_TYPE ? SOCK_STREAM : 1;
        if (name == SO_DOMAIN) told = is(fd, kind::unix_listener) ? AF_UNIX : AF_INET;
        std::memcpy(value, &told, sizeof told);
        return open_.contains(fd) ? 0 : -EBADF;
    }
    int peer_name(int, sockaddr* address, socklen_t* size) noexcept override {
        sockaddr_in peer{};
        peer.sin_family = AF_INET;
        peer.sin_port = htons(7);
        std::memcpy(address, &peer, sizeof peer);
        *size = sizeof peer;
        return 0;
    }

private:
    static char* as_text(std::span<std::byte> bytes) {
        return reinterpret_cast<char*>(bytes.data());
    }
    static ssize_t appended(std::string& to, std::span<const std::byte> from) {
        to.append(reinterpret_cast<const char*>(from.data()), from.size());
        return static_cast<ssize_t>(from.size());
    }
    [[nodiscard]] bool is(int fd, kind what) const {
        const auto found = open_.find(fd);
        return found != open_.end() && found->second == what;
    }

    std::map<int, kind> open_;
    int next_ = 1'000'000'000;
    std::int64_t place_ = 0;
    std::atomic<nanoseconds_t> time_{1};
};

class in_a_made_up_world : public testing::Test {
protected:
    using kind = made_up_world::kind;

    void run(const std::function<void()>& body) {
        const mioco::config settings = mioco::config{}.workers(1);
        mioco::runtime rt(settings);
        mioco::detail::runtime_access::core(rt) =
            std::make_unique<mioco::detail::runtime_core>(settings, world);
        rt.spawn(body).join();
        EXPECT_EQ(world.open(), 0U);
    }

    template <class From>
    static std::string read_from(From& from) {
        std::array<char, 100> text;
        return {text.data(), from.read(text)};
    }

    made_up_world world;
};

TEST_F(in_a_made_up_world, an_hour_passes_at_once) {
    run([] {
        const auto before = mioco::now();
        mioco::sleep_for(1h);
        const auto passed = mioco::now() - before;
        EXPECT_GE(passed, 1h);
        EXPECT_LE(passed, 1h + 1ns);
    });
}

TEST_F(in_a_made_up_world, chance_is_the_driver_s) {
    run([&] {
        mioco::detail::random_below(6);
        EXPECT_EQ(world.drawn, 1U);
    });
}

TEST_F(in_a_made_up_world, files_are_the_driver_s) {
    run([&] {
        auto file = mioco::fs::file::open("/no/such/file", {.read = true, .write = true});
        file.write_all("made up"sv);
        file.flush();
        EXPECT_EQ(file.size(), 7U);
        EXPECT_EQ(read_from(file), "made up");
        EXPECT_EQ(file.seek(5, mioco::fs::seek_from::begin), 5U);
        EXPECT_EQ(read_from(file), "up");
        mioco::fs::file::adopt(file.native_handle());
        EXPECT_THROW(file.close(), std::system_error) << "it is closed already";
    });
}

TEST_F(in_a_made_up_world, a_directory_that_does_not_tell_types_is_asked_for_each) {
    using std::filesystem::file_type;
    run([&] {
        auto entries = mioco::fs::read_directory("/no/such/folder");
        EXPECT_EQ(entries.next().value().type, file_type::regular);
        EXPECT_EQ(entries.next().value().type, file_type::not_found);
        EXPECT_EQ(mioco_test::error_of([&] { entries.next(); }), std::errc::permission_denied);
        EXPECT_FALSE(entries.next()) << "there are no more after a failure";
    });
}

TEST_F(in_a_made_up_world, pipes_and_copies_are_the_driver_s) {
    world.to_come = "news";
    world.file = "all of the file";
    run([&] {
        auto [reader, writer] = mioco::pipe();
        EXPECT_EQ(read_from(reader), "news");
        mioco::copy(mioco::fs::file::open("/no/such/file"), writer);
        EXPECT_EQ(world.sent, "all of the file");
        writer.close();
        EXPECT_EQ(world.disabled, 1U);
    });
}

TEST_F(in_a_made_up_world, what_comes_from_outside_is_the_driver_s) {
    run([&] {
        const auto reader = mioco::pipe_reader::adopt(world.make(kind::reading));
        const auto stream = mioco::net::tcp_stream::adopt(world.make(kind::stream));
        EXPECT_EQ(stream.peer().port(), 7);
        const auto listener = mioco::net::tcp_listener::adopt(world.make(kind::listener));
        const auto local = mioco::net::unix_listener::adopt(world.make(kind::unix_listener));
        auto released = mioco::pipe_writer::adopt(world.make(kind::writing));
        world.close(released.release());
    });
}

TEST_F(in_a_made_up_world, descriptors_of_any_kind_are_the_driver_s) {
    world.to_come = "line";
    run([&] {
        auto pipe = mioco::async_fd::adopt(world.make(kind::writing));
        pipe.write_all("to a pipe, "sv);
        auto terminal = mioco::async_fd::adopt(world.make(kind::terminal));
        EXPECT_EQ(read_from(terminal), "line");
        terminal.write_all("on the pool"sv);
        EXPECT_EQ(world.sent, "to a pipe, on the pool");
        const int lent = world.make(kind::reading);
        mioco::async_fd::borrow(lent).close();
        world.close(lent);
    });
}

TEST_F(in_a_made_up_world, a_descriptor_is_not_released_while_the_pool_reads_it) {
    world.to_come = "line";
    mioco_test::flag reads;
    mioco_test::flag may_go_on;
    world.before_read = [&] {
        reads.raise();
        may_go_on.await_computing();
    };
    run([&] {
        auto terminal = mioco::async_fd::adopt(world.make(kind::terminal));
        auto reading = mioco::spawn([&] { return read_from(terminal); });
        reads.await();
        EXPECT_EQ(mioco_test::error_of([&] { terminal.release(); }),
                  std::errc::device_or_resource_busy);
        may_go_on.raise();
        EXPECT_EQ(reading.join(), "line");
        world.close(terminal.release());
    });
}

}  // namespace
