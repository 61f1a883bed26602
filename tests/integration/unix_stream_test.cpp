// SPDX-License-Identifier: MPL-2.0
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"
#include "support/unix_path.hpp"

namespace {

using namespace std::string_view_literals;
using mioco::net::direction;
using mioco::net::unix_endpoint;
using mioco::net::unix_listener;
using mioco::net::unix_seqpacket;
using mioco::net::unix_seqpacket_listener;
using mioco::net::unix_stream;
using mioco_test::beside;
using mioco_test::error_of;
using mioco_test::pattern;
using mioco_test::read_some;
using mioco_test::read_text;
using mioco_test::socket_folder;
using mioco_test::until_somebody_waits;

std::string text_of_error(auto&& f) {
    try {
        f();
    } catch (const std::system_error& e) {
        return e.what();
    }
    return {};
}

class unix_streams : public mioco_test::anywhere {};

TEST_P(unix_streams, a_path_is_listened_at_and_connected_to) {
    inside([] {
        const socket_folder folder;
        const std::string path = folder.path("server");
        auto listener = unix_listener::bind(path);
        EXPECT_EQ(listener.local(), unix_endpoint(path));
        EXPECT_FALSE(listener.try_accept());
        beside client([&] {
            until_somebody_waits(listener.native_handle());
            auto near = unix_stream::connect(path);
            EXPECT_EQ(near.peer().path(), path);
            near.write_all("hello"sv);
            EXPECT_EQ(read_some(near), "answer");
        });
        auto far = listener.accept();
        EXPECT_TRUE(far.peer().is_unnamed());
        EXPECT_EQ(far.local().path(), path);
        EXPECT_NE(fcntl(far.native_handle(), F_GETFD) & FD_CLOEXEC, 0);
        EXPECT_NE(fcntl(far.native_handle(), F_GETFL) & O_NONBLOCK, 0);
        EXPECT_EQ(read_some(far), "hello");
        far.write_all("answer"sv);
        client.join();
        EXPECT_EQ(read_some(far), "");
        listener = unix_listener();
        EXPECT_TRUE(std::filesystem::exists(path)) << "it is not removed unless asked for";
    });
}

TEST_P(unix_streams, abstract_names_are_no_files_and_an_unnamed_one_is_chosen) {
    inside([] {
        auto listener = unix_listener::bind(unix_endpoint());
        const auto address = listener.local();
        ASSERT_TRUE(address.is_abstract()) << address.to_string();
        auto near = unix_stream::connect(address);
        auto far = listener.try_accept();
        ASSERT_TRUE(far);
        near.write_all("abstract"sv);
        EXPECT_EQ(read_text(*far, 8), "abstract");
        auto named =
            unix_listener::bind(unix_endpoint::abstract("mioco-test-" + std::to_string(getpid())));
        EXPECT_NO_THROW(unix_stream::connect(named.local()));
    });
}

TEST_P(unix_streams, errors_name_the_path) {
    inside([] {
        const socket_folder folder;
        const std::string path = folder.path("server");
        std::error_code ec;
        EXPECT_FALSE(unix_stream::connect(path, ec).is_open());
        EXPECT_EQ(ec, std::errc::no_such_file_or_directory);
        EXPECT_NE(text_of_error([&] { unix_stream::connect(path); }).find("connect to " + path),
                  std::string::npos);
        auto listener = unix_listener::bind(path);
        EXPECT_EQ(error_of([&] { unix_listener::bind(path); }), std::errc::address_in_use);
        EXPECT_NE(text_of_error([&] { unix_listener::bind(path); }).find("listen on " + path),
                  std::string::npos);
        listener.close();
        EXPECT_EQ(error_of([&] { unix_stream::connect(path); }), std::errc::connection_refused);
        const std::string endless(200, 'x');
        EXPECT_EQ(error_of([&] { unix_listener::bind(endless); }), std::errc::filename_too_long);
        EXPECT_NE(text_of_error([&] { unix_listener::bind(endless); }).find(endless),
                  std::string::npos);
        EXPECT_FALSE(unix_listener::bind(endless, {}, ec).is_open());
        EXPECT_EQ(ec, std::errc::filename_too_long);
    });
}

TEST_P(unix_streams, a_stale_file_is_replaced_only_if_asked_for_and_nobody_listens) {
    inside([] {
        const socket_folder folder;
        const std::string path = folder.path("server");
        {
            const auto crashed = unix_listener::bind(path);
        }
        try {
            unix_listener::bind(path);
            ADD_FAILURE() << "bound over a file";
        } catch (const std::system_error& e) {
            EXPECT_EQ(e.code(), std::errc::address_in_use);
            EXPECT_NE(std::string(e.what()).find(" (choose another path, or remove the file "),
                      std::string::npos)
                << e.what();
        }
        auto listener = unix_listener::bind(path, {.remove_stale = true});
        EXPECT_EQ(error_of([&] { unix_listener::bind(path, {.remove_stale = true}); }),
                  std::errc::address_in_use);
        EXPECT_EQ(error_of([&] { unix_seqpacket_listener::bind(path, {.remove_stale = true}); }),
                  std::errc::address_in_use);
        EXPECT_NO_THROW(unix_stream::connect(path));
        const std::string file = folder.path("file");
        std::ofstream(file) << "precious";
        EXPECT_EQ(error_of([&] { unix_listener::bind(file, {.remove_stale = true}); }),
                  std::errc::address_in_use);
        EXPECT_TRUE(std::filesystem::is_regular_file(file));
    });
}

TEST_P(unix_streams, the_file_goes_with_its_listener_if_asked_for) {
    inside([] {
        const socket_folder folder;
        const std::string path = folder.path("server");
        {
            const auto listener = unix_listener::bind(path, {.remove_on_close = true});
        }
        EXPECT_FALSE(std::filesystem::exists(path));
        auto listener = unix_listener::bind(path, {.remove_on_close = true});
        listener.close();
        EXPECT_FALSE(std::filesystem::exists(path));
        const auto next = unix_listener::bind(path);
        listener = unix_listener();
        EXPECT_TRUE(std::filesystem::exists(path)) << "it is another's";
        listener = unix_listener::bind(folder.path("other"), {.remove_on_close = true});
        close(listener.release());
        listener = unix_listener();
        EXPECT_TRUE(std::filesystem::exists(folder.path("other"))) << "it goes with its socket";
    });
}

TEST_P(unix_streams, connecting_waits_for_room_in_the_backlog) {
    inside([] {
        auto listener = unix_listener::bind(unix_endpoint(), {.backlog = 1});
        std::vector<beside> clients;
        for (int i = 0; i < 8; ++i) {
            clients.emplace_back([&] { unix_stream::connect(listener.local()).write_all("x"sv); });
        }
        for (int i = 0; i < 8; ++i) {
            auto far = listener.accept();
            EXPECT_EQ(read_text(far, 1), "x");
        }
        for (auto& each : clients) each.join();
    });
}

TEST_P(unix_streams, a_pair_reads_and_writes_as_tcp_does) {
    inside([] {
        auto [near, far] = unix_stream::pair();
        const std::string sent = pattern(1 << 20);
        beside writer([&far = far, &sent] {
            far.write_all(sent);
            far.shutdown(direction::write);
        });
        until_somebody_waits(far.native_handle(), mioco::detail::side::write);
        std::string received;
        while (true) {
            const auto part = near.read_lease();
            if (part.empty()) break;
            received += part.text();
        }
        EXPECT_EQ(received, sent);
        writer.join();
        char buffer[4];
        EXPECT_EQ(near.try_read(buffer), 0U);
        near = unix_stream();
        std::error_code ec;
        far.write("x"sv, ec);
        EXPECT_EQ(ec, std::errc::broken_pipe);
    });
}

TEST_P(unix_streams, halves_are_used_by_two) {
    inside([] {
        auto [near, far] = unix_stream::pair();
        auto [in, out] = std::move(near).split();
        beside echo([&far = far] {
            for (int i = 0; i < 100; ++i) far.write_all(read_text(far, 4));
            EXPECT_EQ(read_some(far), "");
        });
        beside reader([&in = in] {
            for (int i = 0; i < 100; ++i) EXPECT_EQ(read_text(in, 4), "ping");
        });
        for (int i = 0; i < 100; ++i) out.write_all("ping"sv);
        reader.join();
        {
            const mioco::net::unix_write_half ending = std::move(out);
        }
        echo.join();
    });
}

TEST_P(unix_streams, close_wakes_who_waits) {
    inside([] {
        auto [near, far] = unix_stream::pair();
        auto listener = unix_listener::bind(unix_endpoint());
        beside reader([&near = near] {
            EXPECT_EQ(error_of([&near] { read_some(near); }), std::errc::bad_file_descriptor);
        });
        beside acceptor([&] {
            std::error_code ec;
            EXPECT_FALSE(listener.accept(ec).is_open());
            EXPECT_EQ(ec, std::errc::bad_file_descriptor);
        });
        until_somebody_waits(near.native_handle());
        until_somebody_waits(listener.native_handle());
        near.close();
        listener.close();
        reader.join();
        acceptor.join();
        EXPECT_EQ(error_of([] { unix_listener().accept(); }), std::errc::bad_file_descriptor);
        EXPECT_EQ(error_of([] { unix_stream().write("x"sv); }), std::errc::bad_file_descriptor);
    });
}

TEST_P(unix_streams, credentials_are_the_peers) {
    inside([] {
        auto listener = unix_listener::bind(unix_endpoint());
        const auto near = unix_stream::connect(listener.local());
        const auto far = listener.accept();
        const auto peer = far.credentials();
        EXPECT_EQ(peer.pid, getpid());
        EXPECT_EQ(peer.uid, geteuid());
        EXPECT_EQ(peer.gid, getegid());
        EXPECT_EQ(unix_seqpacket::pair().first.credentials().pid, getpid());
        std::error_code ec;
        static_cast<void>(unix_stream().credentials(ec));
        EXPECT_EQ(ec, std::errc::bad_file_descriptor);
    });
}

TEST_P(unix_streams, adopt_and_release_leave_it_as_it_was) {
    inside([] {
        int ends[2];
        ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        auto near = unix_stream::adopt(ends[0]);
        EXPECT_EQ(write(ends[1], "hello", 5), 5);
        EXPECT_EQ(read_text(near, 5), "hello");
        EXPECT_EQ(near.release(), ends[0]);
        EXPECT_EQ(fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0);
        EXPECT_EQ(error_of([&] { unix_seqpacket::adopt(ends[0]); }),
                  std::errc::wrong_protocol_type);
        EXPECT_EQ(error_of([&] { unix_listener::adopt(ends[0]); }), std::errc::invalid_argument);
        close(ends[0]);
        close(ends[1]);
        auto listener = unix_listener::bind(unix_endpoint());
        const auto address = listener.local();
        auto adopted = unix_listener::adopt(listener.release());
        EXPECT_NO_THROW(unix_stream::connect(address));
        EXPECT_TRUE(adopted.try_accept());
    });
}

TEST_P(unix_streams, records_keep_their_bounds) {
    inside([] {
        auto listener = unix_seqpacket_listener::bind(unix_endpoint());
        beside client([&] {
            auto near = unix_seqpacket::connect(listener.local());
            for (const auto part : {"one"sv, "three"sv, "too long"sv, "last"sv}) near.send(part);
        });
        auto far = listener.accept();
        char buffer[5];
        EXPECT_EQ(far.recv(buffer), 3U);
        EXPECT_EQ(far.recv(buffer), 5U);
        std::error_code ec;
        EXPECT_EQ(far.recv(buffer, ec), 5U);
        EXPECT_EQ(ec, std::errc::message_size);
        EXPECT_EQ(far.recv(buffer), 4U) << "the rest of the long one is gone";
        EXPECT_EQ(far.recv(buffer), 0U);
        client.join();
        EXPECT_EQ(error_of([&] { far.send("x"sv); }), std::errc::broken_pipe);
    });
}

TEST_P(unix_streams, a_sender_of_records_waits_for_room) {
    inside([] {
        auto [near, far] = unix_seqpacket::pair();
        const std::string record = pattern(10'000);
        beside sender([&far = far, &record] {
            for (int i = 0; i < 100; ++i) EXPECT_EQ(far.send(record), record.size());
            far.close();
        });
        until_somebody_waits(far.native_handle(), mioco::detail::side::write);
        std::string buffer(record.size(), '.');
        int received = 0;
        while (near.recv(buffer) != 0) ++received;
        EXPECT_EQ(received, 100);
        EXPECT_EQ(buffer, record);
        sender.join();
    });
}

MIOCO_ANYWHERE(unix_streams);

TEST(unix_cancel, a_stop_ends_waiting_for_a_backlog_that_stays_full) {
    auto listener = unix_listener::bind(unix_endpoint(), {.backlog = 0});
    std::vector<unix_stream> connected;
    mioco::runtime runtime(mioco::config{}.workers(1));
    auto filled = runtime.spawn([&] {
        for (;;) connected.push_back(unix_stream::connect(listener.local()));
    });
    mioco_test::wait_for([&] {
        return listener.is_open() &&
               mioco_test::error_of([&] {
                   const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
                   const auto to = listener.local();
                   const int failed = connect(probe, to.data(), to.size());
                   close(probe);
                   if (failed != 0)
                       throw std::system_error(std::make_error_code(std::errc::io_error));
               }) == std::errc::io_error;
    });
    runtime.stop();
    EXPECT_EQ(error_of([&] { filled.join(); }), std::errc::operation_canceled);
}

}  // namespace
