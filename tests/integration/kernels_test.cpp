// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "context/sanitizer.hpp"
#include "support/anywhere.hpp"
#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/sockets.hpp"
#include "support/unix_path.hpp"

// Kernels and devices that are not at hand: some calls of the C library are replaced by ones that behave as theirs.

namespace {

std::atomic<bool> knows_no_signal{true};
std::atomic<int> takes_no_flags{-1};
std::atomic<int> refuses{-1};
std::atomic<int> quiet_writes{0};
std::atomic<bool> asked_for_more_than_sent{false};

std::atomic<int> lost_by{-1};
std::atomic<int> lost{0};

// What accept(2) says in place of a connection whose client has gone, or whose network failed.
constexpr int losses[] = {ECONNABORTED, EPROTO,       ENETDOWN,   ENOPROTOOPT, EHOSTDOWN,
                          ENONET,       EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, EPERM};

std::atomic<int> refuses_clients{-1};  // a listener
std::atomic<int> refused_clients{0};

std::atomic<int> is_received_from{-1};
std::function<void()> once_received;
std::function<void()> before_removal;

// The peer goes when so much of what is sent in one call has been taken.
std::atomic<int> breaks_off{-1};
constexpr std::size_t moved_before = 4'096;

std::atomic<int> flushed{0};
std::atomic<int> is_registered{-1};
std::atomic<int> registrations{0};

std::atomic<pid_t> may_not_wait{0};  // a thread that must not wait for a file server
std::atomic<int> servers_asked{0};

void ask_a_server() noexcept {
    if (syscall(SYS_gettid) == may_not_wait) ++servers_asked;
}

int fail_with(int code) {
    errno = code;
    return -1;
}

}  // namespace

extern "C" ssize_t pwritev2(int fd, const iovec* parts, int count, off_t, int) {
    if (fd == refuses) return fail_with(ECANCELED);
    ++quiet_writes;
    if (!knows_no_signal || fd == takes_no_flags) return fail_with(EOPNOTSUPP);
    return writev(fd, parts, count);
}

namespace {

// The call's own result, and the signal if the peer goes in the middle of it.
ssize_t broken_off(int to, std::size_t& count, const std::function<ssize_t()>& call) {
    const bool breaks = to == breaks_off && count > moved_before;
    if (breaks) count = moved_before;
    const ssize_t moved = call();
    if (breaks && moved > 0) pthread_kill(pthread_self(), SIGPIPE);
    return moved;
}

}  // namespace

extern "C" ssize_t sendfile(int to, int from, off_t* offset, std::size_t count) noexcept {
    const std::size_t wanted = count;
    const ssize_t sent = broken_off(to, count, [&] {
        return static_cast<ssize_t>(syscall(SYS_sendfile, to, from, offset, count));
    });
    if (to != breaks_off && sent > 0 && static_cast<std::size_t>(sent) < wanted)
        asked_for_more_than_sent = true;
    return sent;
}

extern "C" ssize_t splice(int from, off64_t* from_offset, int to, off64_t* to_offset,
                          std::size_t count, unsigned flags) {
    return broken_off(to, count, [&] {
        return static_cast<ssize_t>(
            syscall(SYS_splice, from, from_offset, to, to_offset, count, flags));
    });
}

extern "C" int accept4(int fd, sockaddr* peer, socklen_t* size, int flags) {
    if (fd == refuses_clients) {  // as a rule of a firewall does
        ++refused_clients;
        return fail_with(EPERM);
    }
    if (fd == lost_by && lost < std::ssize(losses)) return fail_with(losses[lost++]);
    return static_cast<int>(syscall(SYS_accept4, fd, peer, size, flags));
}

extern "C" ssize_t recvmsg(int fd, msghdr* message, int flags) {
    const auto count = static_cast<ssize_t>(syscall(SYS_recvmsg, fd, message, flags));
    if (fd == is_received_from) once_received();
    return count;
}

extern "C" int unlink(const char* path) noexcept {
    if (before_removal) before_removal();
    return static_cast<int>(syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

extern "C" int fdatasync(int fd) {
    return fd == refuses ? fail_with(ECANCELED) : static_cast<int>(syscall(SYS_fdatasync, fd));
}

extern "C" int fsync(int fd) {
    ++flushed;
    return fd == refuses ? fail_with(ECANCELED) : static_cast<int>(syscall(SYS_fsync, fd));
}

extern "C" int fstat(int fd, struct stat* status) noexcept {
    ask_a_server();
    return static_cast<int>(syscall(SYS_fstat, fd, status));
}

extern "C" int statx(int at, const char* path, int flags, unsigned what,
                     struct statx* found) noexcept {
    if ((flags & AT_STATX_DONT_SYNC) == 0) ask_a_server();
    return static_cast<int>(syscall(SYS_statx, at, path, flags, what, found));
}

extern "C" off_t lseek(int fd, off_t offset, int origin) noexcept {
    if (origin == SEEK_END) ask_a_server();
    return syscall(SYS_lseek, fd, offset, origin);
}

extern "C" int epoll_ctl(int epoll_fd, int operation, int fd, epoll_event* event) noexcept {
    if (fd == is_registered) ++registrations;
    return static_cast<int>(syscall(SYS_epoll_ctl, epoll_fd, operation, fd, event));
}

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using mioco::fs::file;
using mioco::net::tcp_listener;
using mioco::net::unix_datagram;
using mioco_test::beside;
using mioco_test::error_of;

class kernels : public mioco_test::anywhere {
protected:
    void SetUp() override { testing::GTEST_FLAG(death_test_style) = "threadsafe"; }

private:
    const mioco_test::scoped_environment by_calls_{"MIOCO_FILES", "pool"};
};

// Before 6.5 one keeps a file's tail back if it was asked for more.
TEST_P(kernels, one_that_waits_for_more_is_asked_for_what_a_file_has_left) {
    inside([] {
        const mioco_test::socket_folder folder;
        auto from = file::open(folder.path("from"), {.read = true, .write = true, .create = true});
        from.write_all(mioco_test::pattern(1000));
        from.seek(100);
        auto [to, far] = mioco_test::connected_pair();
        EXPECT_EQ(mioco::copy(from, to), 900U);
        EXPECT_FALSE(asked_for_more_than_sent);
    });
}

template <class Error, class F>
void expect_error(F call) {
    try {
        call();
        ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& e) {
        EXPECT_EQ(e.code(), std::errc::operation_canceled);
    }
}

TEST_P(kernels, a_devices_own_cancel_is_an_error_as_any_other) {
    inside([] {
        const mioco_test::socket_folder folder;
        auto written =
            file::open(folder.path("file"), {.read = true, .write = true, .create = true});
        written.write_all("12345678"sv);
        written.seek(0);
        refuses = written.native_handle();
        expect_error<std::system_error>([&] { written.flush_data(); });
#if !defined(MIOCO_TSAN)  // under which it is another call
        auto device = mioco::async_fd::adopt(eventfd(0, EFD_CLOEXEC));
        refuses = device.native_handle();
        expect_error<std::system_error>([&] { device.write("12345678"sv); });
        expect_error<mioco::io_error>([&] { device.write_all("12345678"sv); });
        expect_error<mioco::io_error>([&] { mioco::copy(written, device); });
#endif
        refuses = -1;
    });
}

volatile std::sig_atomic_t signals_seen = 0;

TEST_P(kernels, may_send_sigpipe_with_a_call_that_moved_something) {
    struct sigaction count{};
    count.sa_handler = [](int) { signals_seen = signals_seen + 1; };
    sigaction(SIGPIPE, &count, nullptr);
    inside([] {
        const mioco_test::socket_folder folder;
        auto from = file::open(folder.path("file"), {.read = true, .write = true, .create = true});
        const std::string all(2 * moved_before, 'x');
        from.write_all(all);
        from.seek(0);
        auto [near, far] = mioco::net::unix_stream::pair();
        auto [out, in] = mioco::pipe();
        in.write_all(all);
        in.close();
        breaks_off = near.native_handle();
        EXPECT_EQ(mioco::copy(from, near), all.size());
        EXPECT_EQ(mioco::copy(out, near), all.size());
        breaks_off = -1;
    });
    EXPECT_EQ(signals_seen, 0);
}

TEST_P(kernels, is_asked_to_flush_a_file) {
    inside([] {
        const mioco_test::socket_folder folder;
        auto written = file::open(folder.path("file"), {.write = true, .create = true});
        written.write_all("12345678"sv);
        flushed = 0;
        written.flush();
        EXPECT_EQ(flushed, 1);
        refuses = written.native_handle();
        expect_error<std::system_error>([&] { written.flush(); });
        refuses = -1;
        EXPECT_EQ(flushed, 2);
    });
}

// The original registered what a wait was for with the kernel, and took it back, each time.
TEST(kernels_on_one_worker, is_told_of_a_descriptor_once) {
    mioco::run(mioco::config{}.workers(1), [] {
        auto [reader, writer] = mioco::pipe();
        is_registered = reader.native_handle();
        registrations = 0;
        for (int i = 0; i < 10; ++i) {
            auto writing = mioco::spawn([&writer = writer] { writer.write_all("x"sv); });
            char byte[1];
            if (i % 2 == 0) {
                EXPECT_EQ(reader.read(byte), 1U);
            } else {
                EXPECT_EQ(mioco::select(reader.readable(), mioco::after(1h)).index(), 0U);
                EXPECT_EQ(reader.try_read(byte), 1U);
            }
            writing.join();
        }
        EXPECT_EQ(registrations, 1);
        is_registered = -1;
    });
}

TEST(kernels_on_one_worker, asks_file_servers_on_the_pool) {
    const mioco_test::socket_folder folder;
    mioco::run(mioco::config{}.workers(1), [&] {
        may_not_wait = mioco_test::thread_number();
        auto written = file::open(folder.path("file"), {.write = true, .create = true});
        written.write_all("12345678"sv);
        EXPECT_EQ(file::adopt(dup(written.native_handle())).size(), 8U);
        EXPECT_EQ(written.seek(-1, mioco::fs::seek_from::end), 7U);
        EXPECT_THROW(mioco::async_fd::adopt(written.native_handle()), std::system_error);
        EXPECT_EQ(servers_asked, 0);
        may_not_wait = 0;
    });
}

TEST_P(kernels, accept_passes_over_clients_that_have_gone) {
    inside([] {
        auto listener = mioco::net::tcp_listener::bind("127.0.0.1:0");
        const auto expect_next = [&](auto accept) {
            const mioco_test::raw_client client(listener.local());
            lost = 0;
            lost_by = listener.native_handle();
            EXPECT_EQ(accept().peer(), client.local());
            EXPECT_EQ(lost, std::ssize(losses));
            lost_by = -1;
        };
        expect_next([&] { return listener.accept(); });
        expect_next(
            [&] { return std::get<0>(mioco::select(listener.accepting(), mioco::after(1h))); });
        expect_next([&] {
            auto stream = listener.try_accept();
            while (!stream) stream = listener.try_accept();
            return std::move(*stream);
        });
    });
}

#if !defined(MIOCO_TSAN)
TEST_P(kernels, a_device_that_takes_no_flags_does_not_speak_for_pipes) {
    inside([] {
        auto [reader, writer] = mioco::pipe();
        auto device = mioco::async_fd::adopt(eventfd(0, EFD_CLOEXEC));
        takes_no_flags = device.native_handle();
        const std::uint64_t one[] = {1};
        for (int i = 0; i < 2; ++i) {
            EXPECT_EQ(device.write(std::as_bytes(std::span(one))), sizeof one);
            const int before = quiet_writes;
            writer.write_all("x"sv);
            EXPECT_EQ(quiet_writes, before + 1);
        }
        takes_no_flags = -1;
    });
}

TEST_P(kernels, one_that_knows_no_flag_is_asked_no_more) {
    const auto write_twice = [] {
        knows_no_signal = false;
        bool as_expected = false;
        inside([&] {
            auto [reader, writer] = mioco::pipe();
            writer.write_all("x"sv);
            const int before = quiet_writes;
            writer.write_all("x"sv);
            as_expected = quiet_writes == before && mioco_test::read_text(reader, 2) == "xx";
        });
        std::_Exit(as_expected ? 0 : 1);
    };
    EXPECT_EXIT(write_twice(), testing::ExitedWithCode(0), "");
}
#endif

// As if another had closed it just then. An empty message looks like the end, which the close explains.
TEST_P(kernels, a_close_right_after_descriptors_were_received_leaks_none) {
    inside([] {
        for (const auto text : {""sv, "x"sv}) {
            auto [near, far] = unix_datagram::pair();
            auto [out, in] = mioco::pipe();
            far.send_fds(text, std::array{in.native_handle()});
            in = {};
            once_received = [&near = near] { near.close(); };
            is_received_from = near.native_handle();
            char buffer[4];
            {
                mioco::owned_fd fds[1];
                std::error_code ec;
                const auto got = near.try_recv_fds(buffer, fds, ec);
                EXPECT_EQ(got && got->count == 1, text.size() == 1);
                EXPECT_EQ(ec == std::errc::bad_file_descriptor, text.empty());
            }
            is_received_from = -1;
            EXPECT_EQ(out.try_read(buffer), 0U) << "nobody has the writing end";
        }
    });
}

// A closed socket's file may be replaced by another of the same number, and that is to stay.
template <class Socket>
void expect_removal_while_open(const std::string& path) {
    auto socket = Socket::bind(path, {.remove_on_close = true});
    bool was_open = false;
    before_removal = [&was_open, number = socket.native_handle()] {
        int type = 0;
        socklen_t size = sizeof type;
        was_open = getsockopt(number, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
    };
    socket = Socket();
    before_removal = nullptr;
    EXPECT_TRUE(was_open);
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_P(kernels, the_file_goes_before_the_socket_that_is_moved_to) {
    inside([] {
        const mioco_test::socket_folder folder;
        expect_removal_while_open<unix_datagram>(folder.path("one"));
        expect_removal_while_open<mioco::net::unix_listener>(folder.path("two"));
        expect_removal_while_open<mioco::net::unix_seqpacket_listener>(folder.path("three"));
    });
}

class firewall : public kernels {
protected:
    static void refuses_all_of(const tcp_listener& listener) {
        refuses_clients = listener.native_handle();
    }
    static void refuses_nobody() { refuses_clients = -1; }
    static void until_some_were_refused() {
        mioco_test::wait_for(
            [before = refused_clients.load()] { return refused_clients > before + 200; });
    }
    void TearDown() override { refuses_nobody(); }
};

TEST_P(firewall, that_refuses_every_client_is_waited_out_while_others_run) {
    inside([] {
        auto listener = tcp_listener::bind("127.0.0.1:0");
        const mioco_test::raw_client client(listener.local());
        const mioco_test::raw_client other(listener.local());
        refuses_all_of(listener);
        beside accepts([&] { EXPECT_TRUE(listener.accept().is_open()); });
        beside selects(
            [&] { EXPECT_EQ(mioco::select(listener.accepting(), mioco::after(1h)).index(), 0U); });
        until_some_were_refused();
        refuses_nobody();
        accepts.join();
        selects.join();
    });
}

TEST_P(firewall, that_refuses_every_client_is_an_error_for_who_does_not_wait) {
    inside([] {
        auto listener = tcp_listener::bind("127.0.0.1:0");
        const mioco_test::raw_client client(listener.local());
        refuses_all_of(listener);
        EXPECT_EQ(error_of([&] { listener.try_accept(); }), std::errc::operation_not_permitted);
        EXPECT_EQ(mioco::select(listener.accepting(), mioco::otherwise).index(), 1U);
        refuses_nobody();
        EXPECT_TRUE(listener.try_accept());
    });
}

TEST_P(firewall, that_refuses_every_client_hides_no_close) {
    inside([] {
        auto listener = tcp_listener::bind("127.0.0.1:0");
        const mioco_test::raw_client client(listener.local());
        refuses_all_of(listener);
        beside accepts([&] {
            EXPECT_EQ(error_of([&] { listener.accept(); }), std::errc::bad_file_descriptor);
        });
        until_some_were_refused();
        listener.close();
        accepts.join();
    });
}

TEST_P(firewall, that_refuses_every_client_keeps_the_listener_from_being_released) {
    inside([] {
        auto listener = tcp_listener::bind("127.0.0.1:0");
        const mioco_test::raw_client client(listener.local());
        refuses_all_of(listener);
        beside accepts([&] { EXPECT_TRUE(listener.accept().is_open()); });
        until_some_were_refused();
        EXPECT_EQ(error_of([&] { listener.release(); }), std::errc::device_or_resource_busy);
        refuses_nobody();
        accepts.join();
        const mioco::owned_fd released(listener.release());
    });
}

TEST_P(firewall, that_refuses_every_client_hides_no_stop) {
    auto listener = tcp_listener::bind("127.0.0.1:0");
    const mioco_test::raw_client client(listener.local());
    refuses_all_of(listener);
    mioco::runtime rt(mioco::config{}.workers(std::max(1U, GetParam())));
    auto accepts = rt.spawn([&] { listener.accept(); });
    until_some_were_refused();
    rt.stop();
    EXPECT_EQ(error_of([&] { accepts.join(); }), std::errc::operation_canceled);
}

MIOCO_ANYWHERE(kernels);
MIOCO_ANYWHERE(firewall);

}  // namespace
