// SPDX-License-Identifier: MPL-2.0
#include <mioco/async_fd.hpp>

#include <csignal>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"
#include "support/terminal.hpp"
#include "support/unix_path.hpp"

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using mioco::async_fd;
using mioco::owned_fd;
using mioco_test::beside;
using mioco_test::error_of;
using mioco_test::is_blocking;
using mioco_test::message_of;
using mioco_test::pattern;
using mioco_test::read_some;
using mioco_test::read_text;
using mioco_test::terminal;
using mioco_test::until_somebody_waits;

void add_one(int event_fd) { ASSERT_EQ(eventfd_write(event_fd, 1), 0); }

std::uint64_t read_count(async_fd& counter) {
    std::uint64_t counts[2] = {};
    EXPECT_EQ(counter.read(std::as_writable_bytes(std::span(counts))), sizeof counts[0]);
    return counts[0];
}

// The number by which events are known, which is another one where a descriptor was lent.
int used_by(const async_fd& fd) {
    return mioco::detail::fd_native(mioco::detail::fd_access::of(fd));
}

class async_fds : public mioco_test::anywhere {};

TEST_P(async_fds, an_adopted_descriptor_is_waited_for_and_is_as_it_was_when_released) {
    inside([] {
        const int fd = eventfd(0, EFD_CLOEXEC);
        auto counter = async_fd::adopt(fd);
        EXPECT_EQ(counter.native_handle(), fd);
        EXPECT_FALSE(is_blocking(fd));
        char none[8];
        EXPECT_EQ(counter.try_read(none), std::nullopt);
        const auto add_when_waited_for = [&] {
            until_somebody_waits(fd);
            add_one(fd);
        };
        beside first(add_when_waited_for);
        EXPECT_EQ(read_count(counter), 1U);
        first.join();
        beside second(add_when_waited_for);
        counter.wait_readable();
        second.join();
        EXPECT_EQ(read_count(counter), 1U);
        EXPECT_EQ(counter.release(), fd);
        EXPECT_FALSE(counter.is_open());
        EXPECT_TRUE(is_blocking(fd));
        close(fd);

        const int quick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        EXPECT_EQ(async_fd::adopt(quick).release(), quick);
        EXPECT_FALSE(is_blocking(quick));
        close(quick);
    });
}

TEST_P(async_fds, a_borrowed_descriptor_stays_open_and_as_it_was) {
    inside([] {
        const owned_fd lent(eventfd(0, EFD_CLOEXEC));
        const auto use = [&](auto end) {
            auto counter = async_fd::borrow(lent.get());
            EXPECT_EQ(counter.native_handle(), lent.get());
            beside adder([&] {
                until_somebody_waits(used_by(counter));
                add_one(lent.get());
            });
            EXPECT_EQ(read_count(counter), 1U);
            adder.join();
            end(counter);
        };
        use([](async_fd&) {});
        EXPECT_TRUE(is_blocking(lent.get()));
        use([&](async_fd& counter) { EXPECT_EQ(counter.release(), lent.get()); });
        EXPECT_TRUE(is_blocking(lent.get()));
        use([](async_fd& counter) {
            counter.close();
            EXPECT_EQ(counter.native_handle(), -1);
            EXPECT_EQ(error_of([&] { counter.wait_readable(); }), std::errc::bad_file_descriptor);
        });
        EXPECT_TRUE(is_blocking(lent.get()));
        use([](async_fd& counter) {
            async_fd other;
            other = std::move(counter);
            counter = async_fd();
        });
        EXPECT_TRUE(is_blocking(lent.get()));
    });
}

// Its number may be another file's by the time the object goes.
TEST_P(async_fds, a_loan_ends_with_close) {
    inside([] {
        owned_fd lent(eventfd(0, EFD_CLOEXEC));
        auto counter = async_fd::borrow(lent.get());
        counter.close();
        EXPECT_TRUE(is_blocking(lent.get()));
        const owned_fd other(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        ASSERT_EQ(dup3(other.get(), lent.get(), O_CLOEXEC), lent.get());
        counter = async_fd();
        EXPECT_FALSE(is_blocking(other.get()));
    });
}

TEST_P(async_fds, a_lent_number_that_was_closed_too_early_is_left_alone) {
    inside([] {
        const owned_fd lent(eventfd(0, EFD_CLOEXEC));
        const owned_fd other(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        auto counter = async_fd::borrow(lent.get());
        ASSERT_EQ(dup3(other.get(), lent.get(), O_CLOEXEC), lent.get());
        counter = async_fd();
        EXPECT_FALSE(is_blocking(other.get()));
    });
}

TEST_P(async_fds, an_open_file_that_others_have_too_is_as_it_was_after_close) {
    inside([] {
        const mioco::owned_fd others(eventfd(0, EFD_CLOEXEC));
        auto counter = async_fd::adopt(fcntl(others.get(), F_DUPFD_CLOEXEC, 0));
        EXPECT_FALSE(is_blocking(others.get()));
        counter.close();
        EXPECT_TRUE(is_blocking(others.get()));
        counter.close();
        EXPECT_EQ(error_of([&] { counter.wait_readable(); }), std::errc::bad_file_descriptor);
    });
}

// A read is short although there is more.
TEST_P(async_fds, an_eventfd_that_counts_down_gives_each_one) {
    inside([] {
        auto counter = async_fd::adopt(eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE));
        beside adder([&] {
            until_somebody_waits(used_by(counter));
            ASSERT_EQ(eventfd_write(used_by(counter), 3), 0);
        });
        for (int i = 0; i < 3; ++i) EXPECT_EQ(read_count(counter), 1U);
        adder.join();
    });
}

TEST_P(async_fds, a_full_eventfd_can_be_waited_for_to_be_written) {
    inside([] {
        auto counter = async_fd::adopt(eventfd(0, EFD_CLOEXEC));
        const std::uint64_t most[] = {~std::uint64_t{0} - 1};
        const std::uint64_t one[] = {1};
        EXPECT_EQ(counter.write(std::as_bytes(std::span(most))), sizeof most);
        EXPECT_EQ(counter.try_write(std::as_bytes(std::span(one))), std::nullopt);
        beside reader([&] {
            until_somebody_waits(used_by(counter), mioco::detail::side::write);
            EXPECT_EQ(read_count(counter), most[0]);
        });
        counter.wait_writable();
        counter.write_all(std::as_bytes(std::span(one)));
        reader.join();
        EXPECT_EQ(read_count(counter), 1U);
    });
}

TEST_P(async_fds, timers_of_the_kernel_and_watched_folders) {
    inside([] {
        auto timer = async_fd::adopt(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
        const itimerspec soon{{}, {0, 1'000'000}};
        ASSERT_EQ(timerfd_settime(timer.native_handle(), 0, &soon, nullptr), 0);
        EXPECT_EQ(read_count(timer), 1U);

        const mioco_test::socket_folder folder;
        auto watch = async_fd::adopt(inotify_init1(IN_CLOEXEC));
        ASSERT_GE(inotify_add_watch(watch.native_handle(), folder.path("").c_str(), IN_CREATE), 0);
        beside maker([&] {
            until_somebody_waits(watch.native_handle());
            std::ofstream(folder.path("made"));
        });
        alignas(inotify_event) char event[4096];
        EXPECT_GT(watch.read(event), sizeof(inotify_event));
        EXPECT_STREQ(reinterpret_cast<inotify_event*>(event)->name, "made");
        maker.join();
    });
}

TEST_P(async_fds, signals) {
    sigset_t wanted;
    sigset_t before;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &wanted, &before);  // workers inherit it
    inside([&] {
        auto signals = async_fd::adopt(signalfd(-1, &wanted, SFD_CLOEXEC));
        beside sender([&] {
            until_somebody_waits(signals.native_handle());
            kill(getpid(), SIGUSR2);
        });
        signalfd_siginfo got[1];
        EXPECT_EQ(signals.read(std::as_writable_bytes(std::span(got))), sizeof got);
        EXPECT_EQ(got[0].ssi_signo, static_cast<unsigned>(SIGUSR2));
        sender.join();
    });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_P(async_fds, are_cases_of_select) {
    inside([] {
        auto counter = async_fd::adopt(eventfd(0, EFD_CLOEXEC));
        EXPECT_EQ(mioco::select(counter.readable(), mioco::otherwise).index(), 1U);
        EXPECT_EQ(mioco::select(counter.readable(), counter.writable()).index(), 1U);
        const auto found = std::get<0>(mioco::select(counter.ready()));
        EXPECT_TRUE(found.writable);
        EXPECT_FALSE(found.readable);
        beside adder([&] {
            until_somebody_waits(counter.native_handle());
            add_one(counter.native_handle());
        });
        EXPECT_EQ(mioco::select(mioco::after(1h), counter.readable()).index(), 1U);
        adder.join();
        EXPECT_EQ(read_count(counter), 1U) << "the select left it";
    });
}

TEST_P(async_fds, close_wakes_who_waits) {
    inside([] {
        const owned_fd lent(eventfd(0, EFD_CLOEXEC));
        for (const bool borrowed : {false, true}) {
            auto counter =
                borrowed ? async_fd::borrow(lent.get()) : async_fd::adopt(eventfd(0, EFD_CLOEXEC));
            beside closer([&] {
                until_somebody_waits(used_by(counter));
                counter.close();
            });
            char count[8];
            EXPECT_EQ(error_of([&] { counter.read(count); }), std::errc::bad_file_descriptor);
            closer.join();
            std::error_code ec;
            counter.wait_writable(ec);
            EXPECT_EQ(ec, std::errc::bad_file_descriptor);
        }
    });
}

TEST_P(async_fds, what_cannot_be_waited_for_is_refused_with_what_to_use) {
    inside([] {
        const owned_fd file(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
        const owned_fd folder(open("/", O_RDONLY | O_CLOEXEC));
        std::string text;
        try {
            async_fd::adopt(file.get());
        } catch (const std::system_error& e) {
            text = e.what();
            EXPECT_EQ(e.code(), std::errc::invalid_argument);
        }
        EXPECT_NE(text.find("regular file: use mioco::fs::file"), std::string::npos) << text;
        std::error_code ec;
        EXPECT_FALSE(async_fd::borrow(file.get(), ec).is_open());
        EXPECT_EQ(ec, std::errc::invalid_argument);
        EXPECT_EQ(error_of([&] { async_fd::adopt(folder.get()); }), std::errc::invalid_argument);
        for (const int none : {-1, AT_FDCWD}) {
            EXPECT_EQ(error_of([=] { async_fd::adopt(none); }), std::errc::bad_file_descriptor);
            EXPECT_EQ(error_of([=] { async_fd::borrow(none); }), std::errc::bad_file_descriptor);
        }
        EXPECT_EQ(error_of([] { async_fd().release(); }), std::errc::bad_file_descriptor);
        char byte[1];
        EXPECT_EQ(async_fd().try_read(byte, ec), 0U);
        EXPECT_EQ(ec, std::errc::bad_file_descriptor);
        EXPECT_GE(fcntl(file.get(), F_GETFD), 0) << "still the caller's";
    });
}

TEST_P(async_fds, a_call_that_a_descriptor_was_not_opened_for_is_told) {
    inside([] {
        int ends[2];
        ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
        auto out = async_fd::adopt(ends[0]);
        auto in = async_fd::adopt(ends[1]);
        const auto is_told = [](const std::string& text) {
            return text.find("not opened for that") != std::string::npos;
        };
        EXPECT_PRED1(is_told, message_of([&] { out.write("x"sv); }));
        EXPECT_PRED1(is_told, message_of([&] { read_some(in); }));
    });
}

TEST_P(async_fds, a_terminal_is_used_and_others_see_no_change) {
    inside([] {
        terminal tty;
        const owned_fd others(dup(tty.screen.get()));  // shares the open file, as a child does
        for (const bool borrowed : {false, true}) {
            const owned_fd given(dup(tty.screen.get()));
            auto used =
                borrowed ? async_fd::borrow(given.get()) : async_fd::adopt(dup(given.get()));
            EXPECT_TRUE(is_blocking(others.get()));
            beside typist([&] {
                until_somebody_waits(used_by(used));
                EXPECT_EQ(write(tty.controller.get(), "typed", 5), 5);
            });
            EXPECT_EQ(read_some(used), "typed");
            typist.join();
            used.write_all("shown"sv);
            char shown[16];
            EXPECT_EQ(read(tty.controller.get(), shown, sizeof shown), 5);
            if (borrowed) {
                EXPECT_EQ(used.release(), given.get());
            } else {
                const owned_fd back(used.release());
                EXPECT_TRUE(is_blocking(back.get()));
            }
            EXPECT_TRUE(is_blocking(others.get()));
        }
    });
}

// Much both ways, past what a terminal holds; its controlling end is a device as any other.
TEST_P(async_fds, everything_gets_through_a_terminal) {
    inside([] {
        terminal tty;
        auto screen = async_fd::adopt(tty.screen.release());
        auto controller = async_fd::adopt(tty.controller.release());
        const std::string sent = pattern(300'000);
        beside shown([&] { screen.write_all(sent); });
        EXPECT_EQ(read_text(controller, sent.size()), sent);
        shown.join();
        beside typed([&] { controller.write_all(sent); });
        EXPECT_EQ(read_text(screen, sent.size()), sent);
        typed.join();
    });
}

// Without a free descriptor the terminal cannot be opened anew, as without the right to.
TEST_P(async_fds, a_terminal_that_cannot_be_opened_anew_is_read_once_it_is_ready) {
    terminal tty;
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    const int given = dup(tty.screen.get());
    rlimit none = before;
    none.rlim_cur = 0;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    auto used = async_fd::adopt(given);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    inside([&] {
        EXPECT_TRUE(is_blocking(given)) << "it is still the shared one";
        char text[8];
        EXPECT_EQ(used.try_read(text), std::nullopt);
        beside typist([&] {
            until_somebody_waits(given);
            EXPECT_EQ(write(tty.controller.get(), "typed", 5), 5);
        });
        EXPECT_EQ(read_some(used), "typed");
        typist.join();
        const std::string sent = pattern(100'000);
        auto controller = async_fd::borrow(tty.controller.get());
        beside shown([&] { used.write_all(sent); });
        EXPECT_EQ(read_text(controller, sent.size()), sent);
        shown.join();
        beside late([&] {
            until_somebody_waits(given);
            EXPECT_EQ(write(tty.controller.get(), "late", 4), 4);
        });
        EXPECT_EQ(used.read_lease().text(), "late");
        late.join();
        EXPECT_TRUE(is_blocking(given));
    });
}

MIOCO_ANYWHERE(async_fds);

TEST(async_fd_cancel, a_stop_wakes_who_waits_at_a_terminal) {
    terminal tty;
    mioco::runtime runtime(mioco::config{}.workers(2));
    auto screen = async_fd::borrow(tty.screen.get());
    auto reader = runtime.spawn([&] { read_some(screen); });
    until_somebody_waits(used_by(screen));
    runtime.stop();
    EXPECT_EQ(error_of([&] { reader.join(); }), std::errc::operation_canceled);
}

}  // namespace
