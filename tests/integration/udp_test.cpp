// SPDX-License-Identifier: MPL-2.0
#include <array>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <fcntl.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"

namespace {

using namespace std::string_view_literals;
using mioco::net::endpoint;
using mioco::net::incoming_datagram;
using mioco::net::outgoing_datagram;
using mioco::net::udp_socket;
using mioco_test::beside;
using mioco_test::error_of;
using mioco_test::until_somebody_waits;

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

int option_of(int fd, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    EXPECT_EQ(getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

class udp : public mioco_test::anywhere {};

TEST_P(udp, a_datagram_comes_with_its_sender) {
    inside([] {
        for (const auto& address : {endpoint::loopback_v4(0), endpoint::loopback_v6(0)}) {
            auto server = udp_socket::bind(address);
            auto client = udp_socket::bind(address);
            EXPECT_NE(server.local().port(), 0);
            beside sender([&] {
                until_somebody_waits(server.native_handle());
                EXPECT_EQ(client.send_to("hello"sv, server.local()), 5U);
            });
            char buffer[16];
            const auto got = server.recv_from(buffer);
            EXPECT_EQ(std::string_view(buffer, got.size), "hello");
            EXPECT_FALSE(got.truncated);
            EXPECT_EQ(got.sender, client.local());
            sender.join();
        }
    });
}

TEST_P(udp, bounds_are_kept_and_an_empty_datagram_is_one) {
    inside([] {
        auto server = udp_socket::bind("127.0.0.1:0");
        auto client = udp_socket::v4();
        for (const auto part : {"one"sv, ""sv, "three"sv}) client.send_to(part, server.local());
        char buffer[16];
        EXPECT_EQ(server.recv(buffer), 3U);
        EXPECT_EQ(server.recv(buffer), 0U);
        EXPECT_EQ(server.recv(buffer), 5U);
    });
}

TEST_P(udp, truncation_is_told) {
    inside([] {
        auto server = udp_socket::bind("127.0.0.1:0");
        auto client = udp_socket::v4();
        client.connect(server.local());
        for (int i = 0; i < 4; ++i) client.send("too long"sv);
        char buffer[3];
        const auto got = server.recv_from(buffer);
        EXPECT_TRUE(got.truncated);
        EXPECT_EQ(got.size, 3U);
        EXPECT_EQ(error_of([&] { server.recv(buffer); }), std::errc::message_size);
        std::error_code ec;
        EXPECT_EQ(server.recv(buffer, ec), 3U);
        EXPECT_EQ(ec, std::errc::message_size);
        EXPECT_EQ(std::string_view(buffer, 3), "too");
        EXPECT_EQ(server.try_recv(buffer, ec), 3U);
        EXPECT_EQ(ec, std::errc::message_size);
    });
}

TEST_P(udp, a_connected_socket_has_one_peer) {
    inside([] {
        auto server = udp_socket::bind("127.0.0.1:0");
        auto client = udp_socket::v4();
        auto other = udp_socket::bind("127.0.0.1:0");
        EXPECT_EQ(error_of([&] { static_cast<void>(client.peer()); }), std::errc::not_connected);
        client.connect(server.local());
        EXPECT_EQ(client.peer(), server.local());
        EXPECT_EQ(client.send("question"sv), 8U);
        char buffer[16];
        const auto got = server.recv_from(buffer);
        other.send_to("not for it"sv, client.local());
        server.send_to("answer"sv, got.sender);
        EXPECT_EQ(client.recv(buffer), 6U);
        client.disconnect();
        EXPECT_EQ(error_of([&] { client.send("to nobody"sv); }),
                  std::errc::destination_address_required);
    });
}

TEST_P(udp, nobody_at_the_port_is_an_error) {
    inside([] {
        auto gone = udp_socket::bind("127.0.0.1:0");
        const endpoint nowhere = gone.local();
        auto client = udp_socket::v4();
        client.connect(nowhere);
        gone = udp_socket();
        client.send("anybody?"sv);
        char buffer[16];
        EXPECT_EQ(error_of([&] { client.recv(buffer); }), std::errc::connection_refused);
    });
}

TEST_P(udp, try_forms_never_wait) {
    inside([] {
        auto server = udp_socket::bind("127.0.0.1:0");
        auto client = udp_socket::v4();
        char buffer[16];
        EXPECT_EQ(server.try_recv(buffer), std::nullopt);
        EXPECT_FALSE(server.try_recv_from(buffer));
        std::error_code ec = std::make_error_code(std::errc::io_error);
        EXPECT_FALSE(server.try_recv_from(buffer, ec));
        EXPECT_FALSE(ec);
        EXPECT_EQ(client.try_send_to("now"sv, server.local()), 3U);
        server.readable().wait();
        const auto got = server.try_recv_from(buffer);
        ASSERT_TRUE(got);
        EXPECT_EQ(got->size, 3U);
        client.writable().wait();
        client.connect(server.local());
        EXPECT_EQ(client.try_send("again"sv), 5U);
        EXPECT_EQ(server.recv(buffer), 5U);
    });
}

TEST_P(udp, a_select_tells_in_which_direction_one_is_ready) {
    inside([] {
        auto server = udp_socket::bind("127.0.0.1:0");
        auto client = udp_socket::v4();
        auto found = std::get<0>(mioco::select(server.ready()));
        EXPECT_TRUE(found.writable && !found.readable);
        client.send_to("now"sv, server.local());
        server.readable().wait();
        found = std::get<0>(mioco::select(server.ready()));
        EXPECT_TRUE(found.writable && found.readable);
    });
}

TEST_P(udp, a_batch_comes_in_one_call) {
    inside([] {
        auto server = udp_socket::bind("127.0.0.1:0");
        auto client = udp_socket::bind("127.0.0.1:0");
        std::vector<std::string> sent;
        std::vector<outgoing_datagram> out;
        for (int i = 0; i < 40; ++i) sent.push_back(std::string(static_cast<std::size_t>(i), 'x'));
        for (const auto& each : sent) out.push_back({bytes(each), server.local()});
        std::size_t gone = 0;
        while (gone < out.size()) gone += client.send_batch(std::span(out).subspan(gone));

        std::vector<std::array<std::byte, 35>> buffers(sent.size());
        std::vector<incoming_datagram> in;
        for (auto& each : buffers) in.push_back({each});
        EXPECT_EQ(server.recv_batch(in), udp_socket::most_in_batch);
        for (std::size_t come = udp_socket::most_in_batch; come < in.size();)
            come += server.recv_batch(std::span(in).subspan(come));
        for (std::size_t i = 0; i < in.size(); ++i) {
            EXPECT_EQ(in[i].data().size(), std::min<std::size_t>(i, 35));
            EXPECT_EQ(in[i].truncated, i > 35);
            EXPECT_EQ(in[i].sender, client.local());
        }
        EXPECT_EQ(server.try_recv_batch(in), std::nullopt);
        EXPECT_EQ(server.recv_batch({}), 0U);
        EXPECT_EQ(client.send_batch({}), 0U);
    });
}

TEST_P(udp, a_batch_waits_for_the_first) {
    inside([] {
        auto server = udp_socket::bind("127.0.0.1:0");
        auto client = udp_socket::v4();
        client.connect(server.local());
        beside sender([&] {
            until_somebody_waits(server.native_handle());
            const outgoing_datagram out[] = {{bytes("only"), {}}};
            EXPECT_EQ(client.send_batch(out), 1U);
        });
        std::byte room[8];
        incoming_datagram in[] = {{room}, {}};
        EXPECT_EQ(server.recv_batch(in), 1U);
        EXPECT_EQ(in[0].size, 4U);
        sender.join();
    });
}

TEST_P(udp, an_error_of_the_first_of_a_batch_is_the_calls) {
    inside([] {
        auto client = udp_socket::v4();
        const std::string endless(70'000, 'x');
        auto server = udp_socket::bind("127.0.0.1:0");
        const outgoing_datagram out[] = {{bytes("fits"), server.local()},
                                         {bytes(endless), server.local()}};
        EXPECT_EQ(client.send_batch(out), 1U);
        EXPECT_EQ(error_of([&] { client.send_batch(std::span(out).subspan(1)); }),
                  std::errc::message_size);
        std::error_code ec;
        EXPECT_EQ(client.send_to(endless, server.local(), ec), 0U);
        EXPECT_EQ(ec, std::errc::message_size);
    });
}

TEST_P(udp, options_reach_the_socket) {
    inside([] {
        auto first = udp_socket::bind("127.0.0.1:0", {.reuse_address = true, .broadcast = true});
        const int fd = first.native_handle();
        EXPECT_EQ(option_of(fd, SOL_SOCKET, SO_BROADCAST), 1);
        EXPECT_NO_THROW(udp_socket::bind(first.local(), {.reuse_address = true}));
        EXPECT_EQ(error_of([&] { udp_socket::bind(first.local()); }), std::errc::address_in_use);
        first.broadcast(false);
        EXPECT_EQ(first.get_option<mioco::net::option::broadcast>().value, 0);
        EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
        EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
        auto sixth = udp_socket::bind("[::]:0", {.reuse_port = true, .v6_only = true});
        EXPECT_EQ(option_of(sixth.native_handle(), IPPROTO_IPV6, IPV6_V6ONLY), 1);
        EXPECT_EQ(option_of(sixth.native_handle(), SOL_SOCKET, SO_REUSEPORT), 1);
    });
}

TEST_P(udp, multicast_settings_reach_both_families) {
    inside([] {
        auto four = udp_socket::v4();
        auto six = udp_socket::v6();
        const int lo = static_cast<int>(if_nametoindex("lo"));
        for (auto* const each : {&four, &six}) {
            each->multicast_loop(false);
            each->multicast_ttl(7);
            each->multicast_interface(static_cast<unsigned>(lo));
        }
        EXPECT_EQ(option_of(four.native_handle(), IPPROTO_IP, IP_MULTICAST_LOOP), 0);
        EXPECT_EQ(option_of(four.native_handle(), IPPROTO_IP, IP_MULTICAST_TTL), 7);
        EXPECT_EQ(option_of(six.native_handle(), IPPROTO_IPV6, IPV6_MULTICAST_LOOP), 0);
        EXPECT_EQ(option_of(six.native_handle(), IPPROTO_IPV6, IPV6_MULTICAST_HOPS), 7);
        EXPECT_EQ(option_of(six.native_handle(), IPPROTO_IPV6, IPV6_MULTICAST_IF), lo);
    });
}

TEST_P(udp, a_group_is_heard_while_it_is_joined) {
    inside([] {
        const unsigned lo = if_nametoindex("lo");
        auto member = udp_socket::bind(":0");
        // Any process may join a group; the port is this test's alone.
        const endpoint group = endpoint::parse("239.255.77.77:0");
        member.join_multicast(group, lo);
        auto sender = udp_socket::v4();
        sender.multicast_interface(lo);
        sender.send_to("to all"sv, group.with_port(member.local().port()));
        char buffer[16];
        EXPECT_EQ(member.recv(buffer), 6U);
        try {
            member.join_multicast(group, lo);
            ADD_FAILURE() << "it had joined";
        } catch (const std::system_error& e) {
            EXPECT_EQ(e.code(), std::errc::address_in_use);
            EXPECT_EQ(std::string(e.what()).find("port"), std::string::npos) << e.what();
        }
        member.leave_multicast(group, lo);
        EXPECT_EQ(error_of([&] { member.leave_multicast(group, lo); }),
                  std::errc::address_not_available);
        std::error_code ec;
        auto six = udp_socket::v6();
        six.join_multicast(endpoint::parse("[ff02::77%lo]:0"), 0, ec);
        EXPECT_FALSE(ec) << ec;
        six.join_multicast(endpoint::parse("[::1]:0"), lo, ec);
        EXPECT_TRUE(ec) << "that is no group";
    });
}

// The loopback network has a broadcast address of its own.
TEST_P(udp, a_broadcast_reaches_all_that_listen_once_it_is_allowed) {
    inside([] {
        auto first = udp_socket::bind("0.0.0.0:0", {.reuse_address = true});
        auto second = udp_socket::bind(first.local(), {.reuse_address = true});
        const endpoint all = endpoint::parse("127.255.255.255:0").with_port(first.local().port());
        auto sender = udp_socket::v4();
        EXPECT_EQ(error_of([&] { sender.send_to("to all"sv, all); }), std::errc::permission_denied);
        sender.broadcast(true);
        EXPECT_EQ(sender.send_to("to all"sv, all), 6U);
        char buffer[16];
        for (auto* const each : {&first, &second}) EXPECT_EQ(each->recv(buffer), 6U);
    });
}

// Whose datagrams to a group come back to this machine; 0 if there is none.
unsigned interface_with_ipv6_groups() {
    for (unsigned each = 1; each < 100; ++each) {
        char name[IF_NAMESIZE];
        if (if_indextoname(each, name) == nullptr) continue;
        auto sender = udp_socket::v6();
        std::error_code ec;
        sender.send_to("nobody"sv, endpoint::parse("[ff01::77%" + std::string(name) + "]:9"), ec);
        if (!ec) return each;
    }
    return 0;
}

TEST_P(udp, an_ipv6_group_is_heard_while_it_is_joined) {
    const unsigned where = interface_with_ipv6_groups();
    if (where == 0) GTEST_SKIP() << "no interface that takes part in groups of IPv6";
    inside([where] {
        auto member = udp_socket::bind("[::]:0", {.v6_only = true});
        const auto port = member.local().port();
        // Of this test alone, as others that listen to all addresses hear what anybody on the machine has joined. Stays on the interface.
        std::ostringstream own;
        own << "[ff01::77:" << std::hex << port << "]:" << std::dec << port;
        const auto group = endpoint::parse(own.str());
        member.join_multicast(group, where);
        auto sender = udp_socket::v6();
        sender.multicast_interface(where);
        sender.send_to("to all"sv, group);
        char buffer[16];
        EXPECT_EQ(member.recv(buffer), 6U);
        member.leave_multicast(group, where);
        sender.send_to("to nobody"sv, group);
        sender.send_to("alone"sv, endpoint::loopback_v6(port));
        EXPECT_EQ(member.recv(buffer), 5U);
    });
}

TEST_P(udp, close_wakes_who_waits) {
    inside([] {
        auto server = udp_socket::bind("127.0.0.1:0");
        beside one([&] {
            char buffer[4];
            EXPECT_EQ(error_of([&] { server.recv_from(buffer); }), std::errc::bad_file_descriptor);
        });
        beside other([&] {
            incoming_datagram in[1];
            std::error_code ec;
            EXPECT_EQ(server.recv_batch(in, ec), 0U);
            EXPECT_EQ(ec, std::errc::bad_file_descriptor);
        });
        until_somebody_waits(server.native_handle());
        server.close();
        one.join();
        other.join();
        EXPECT_FALSE(server.is_open());
        char buffer[4];
        EXPECT_EQ(error_of([&] { server.try_recv(buffer); }), std::errc::bad_file_descriptor);
    });
}

TEST_P(udp, no_socket_gives_bad_file_descriptor) {
    inside([] {
        udp_socket none;
        char buffer[4];
        const endpoint to = endpoint::loopback_v4(1);
        for (const auto code :
             {error_of([&] { none.recv(buffer); }), error_of([&] { none.send("x"sv); }),
              error_of([&] { none.send_to("x"sv, to); }), error_of([&] { none.recv_from(buffer); }),
              error_of([&] { none.connect(to); }), error_of([&] { none.multicast_loop(true); }),
              error_of([&] { none.readable().wait(); })}) {
            EXPECT_EQ(code, std::errc::bad_file_descriptor);
        }
    });
}

TEST_P(udp, adopt_and_release_leave_it_as_it_was) {
    inside([] {
        const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        auto adopted = udp_socket::adopt(fd);
        EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
        EXPECT_EQ(adopted.release(), fd);
        EXPECT_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
        close(fd);
        const int stream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        EXPECT_EQ(error_of([&] { udp_socket::adopt(stream); }), std::errc::wrong_protocol_type);
        close(stream);
        EXPECT_EQ(error_of([] { udp_socket::bind("nowhere"); }), std::errc::invalid_argument);
    });
}

MIOCO_ANYWHERE(udp);

TEST(udp_cancel, a_cancelled_receiver_has_taken_nothing) {
    mioco::runtime runtime(mioco::config{}.workers(2));
    auto server = udp_socket::bind("127.0.0.1:0");
    auto reader = runtime.spawn([&] {
        char buffer[4];
        server.recv(buffer);
    });
    until_somebody_waits(server.native_handle());
    runtime.stop();
    EXPECT_EQ(error_of([&] { reader.join(); }), std::errc::operation_canceled);
    auto client = udp_socket::v4();
    client.send_to("left"sv, server.local());
    char buffer[4];
    EXPECT_EQ(server.recv(buffer), 4U);
}

}  // namespace
