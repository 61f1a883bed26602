// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <string_view>
#include <system_error>
#include <utility>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <mioco/owned_fd.hpp>

#include "support/sockets.hpp"

// A kernel that watches no more descriptors for this user (fs.epoll.max_user_watches): a call of the C library is replaced.

namespace {

std::atomic<bool> watches_no_more{false};

}  // namespace

extern "C" int epoll_ctl(int epoll_fd, int operation, int fd, epoll_event* event) noexcept {
    if (watches_no_more && operation == EPOLL_CTL_ADD) {
        errno = ENOSPC;
        return -1;
    }
    return static_cast<int>(syscall(SYS_epoll_ctl, epoll_fd, operation, fd, event));
}

namespace {

using namespace std::chrono_literals;
namespace process = mioco::process;
using mioco::owned_fd;
using mioco::net::tcp_listener;
using mioco::net::tcp_stream;

class unwatched : public testing::Test {
protected:
    // On one worker, whose poller watches what it needs itself by then.
    template <class F>
    static void inside(F body) {
        mioco::run(mioco::config{}.workers(1), std::move(body));
    }

    template <class F>
    static void expect_limit(F wait) {
        watches_no_more = true;
        try {
            wait();
            ADD_FAILURE() << "nothing was thrown";
        } catch (const std::system_error& e) {
            EXPECT_EQ(e.code(), std::errc::no_space_on_device);
            const std::string_view text = e.what();
            EXPECT_NE(text.find("fs.epoll.max_user_watches"), std::string_view::npos) << text;
        }
        watches_no_more = false;
    }
};

TEST_F(unwatched, streams_and_listeners_name_the_limit) {
    inside([] {
        auto listener = tcp_listener::bind("127.0.0.1:0");
        auto [near, far] = mioco::net::unix_stream::pair();
        char byte[1];
        expect_limit([&, &near = near] { near.read(byte); });
        expect_limit([&] { listener.accept(); });
        expect_limit([&near = near] { mioco::select(near.readable(), mioco::after(1h)); });
        expect_limit([&] { mioco::select(listener.accepting(), mioco::after(1h)); });
    });
}

TEST_F(unwatched, copies_name_the_limit) {
    inside([] {
        auto [near, far] = mioco::net::unix_stream::pair();
        auto [out, in] = mioco::pipe();
        expect_limit([&out = out, &near = near] { mioco::copy(out, near); });
        expect_limit([&in = in, &near = near] { mioco::copy(near, in); });
    });
}

// A descriptor that others have, too, and so is not made non-blocking.
TEST_F(unwatched, standard_input_names_the_limit) {
    inside([] {
        const owned_fd before(dup(STDIN_FILENO));
        const owned_fd counter(eventfd(0, EFD_CLOEXEC));
        dup2(counter.get(), STDIN_FILENO);
        auto input = mioco::standard_input();
        dup2(before.get(), STDIN_FILENO);
        char count[8];
        expect_limit([&] { input.read(count); });
        expect_limit([&] { input.read_lease(); });
    });
}

TEST_F(unwatched, what_is_there_is_taken_all_the_same) {
    inside([] {
        auto [near, far] = mioco::net::unix_stream::pair();
        far.write_all(std::string_view("x"));
        watches_no_more = true;
        EXPECT_EQ(mioco::select(near.readable(), mioco::after(1h)).index(), 0U);
        watches_no_more = false;
    });
}

TEST_F(unwatched, signals_name_the_limit) {
    inside([] {
        mioco::signals hang_ups({SIGHUP});
        expect_limit([&] { hang_ups.recv(); });
        expect_limit([&] { mioco::select(hang_ups.receiving(), mioco::after(1h)); });
    });
}

TEST_F(unwatched, children_name_the_limit) {
    inside([] {
        auto child = process::spawn({"cat"}, {.standard_input = process::piped});
        expect_limit([&] { child.wait(); });
        expect_limit([&] { mioco::select(child.ended(), mioco::after(1h)); });
        child.standard_input().close();
        EXPECT_TRUE(child.wait().success());
    });
}

unsigned connections_waiting_at(const tcp_listener& listener) {
    tcp_info info{};
    socklen_t size = sizeof info;
    getsockopt(listener.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size);
    return info.tcpi_unacked;  // of a listening socket: those in its queue
}

// One that is under way has no error yet, and yet is no connection.
TEST_F(unwatched, an_attempt_to_connect_names_the_limit) {
    inside([] {
        auto full = tcp_listener::bind("127.0.0.1:0", {.backlog = 0});
        const mioco_test::raw_client first(full.local());
        while (connections_waiting_at(full) != 1) mioco::yield();
        expect_limit([&] { tcp_stream::connect(full.local()); });
        expect_limit([&] { tcp_stream::connect_for(full.local(), 1h); });
    });
}

}  // namespace
