// SPDX-License-Identifier: MPL-2.0
// Cancels and deadlines at each call of sockets and pipes; see cancel_sweep_test.cpp.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <sys/eventfd.h>
#include <sys/uio.h>

#include "support/cancel_sweep.hpp"
#include "support/sockets.hpp"

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using mioco_test::blocking_call;
using mioco_test::lasting;
using mioco_test::scene;
using enum mioco_test::seen;

// What is shared between a call and its partner: an end for each.
template <class Near, class Far>
struct ends {
    Near near;
    Far far;
};

struct tcp {
    static auto make() {
        auto [near, far] = mioco_test::connected_pair();
        using mioco::net::tcp_stream;
        return std::make_shared<ends<tcp_stream, tcp_stream>>(std::move(near), std::move(far));
    }
};
template <class Socket>
struct unix_pair {
    static auto make() {
        auto [near, far] = Socket::pair();
        return std::make_shared<ends<Socket, Socket>>(std::move(near), std::move(far));
    }
};
using unix_streams = unix_pair<mioco::net::unix_stream>;
struct pipes_to_read {
    static auto make() {
        auto [out, in] = mioco::pipe();
        using made = ends<mioco::pipe_reader, mioco::pipe_writer>;
        return std::make_shared<made>(std::move(out), std::move(in));
    }
};
struct pipes_to_write {
    static auto make() {
        auto [out, in] = mioco::pipe({.capacity_bytes = 4096});
        using made = ends<mioco::pipe_writer, mioco::pipe_reader>;
        return std::make_shared<made>(std::move(in), std::move(out));
    }
};

// A byte comes.
template <class Kind, class Read>
std::function<scene()> reading(Read read) {
    return [=] {
        const auto pair = Kind::make();
        return scene{[=](lasting) { read(pair->near); }, [=] { pair->far.write_all("x"sv); }};
    };
}

// A simulated call may be in vain.
constexpr int often = 20;

// As much as there is room for.
template <class Attempt>
std::size_t fill(Attempt attempt) {
    std::size_t sent = 0;
    for (int vain = 0; vain < often;) {
        const auto count = attempt();
        if (count) sent += *count;
        vain = count ? 0 : vain + 1;
    }
    return sent;
}

// There is room for `count` bytes when all that is there has been read.
template <class Kind, class Write>
std::function<scene()> writing(std::size_t count, Write write) {
    return [=] {
        const auto pair = Kind::make();
        std::size_t size = 0;
        for (const std::size_t block : {4096, 1})
            size += fill([&] { return pair->near.try_write(std::string(block, '.')); });
        return scene{[=](lasting) { write(pair->near); },
                     [=] {
                         const std::string expected =
                             std::string(size, '.') + std::string(count, 'x');
                         EXPECT_EQ(mioco_test::read_text(pair->far, size + count), expected);
                     },
                     [=] {
                         char more[1];
                         EXPECT_FALSE(pair->far.try_read(more));
                     }};
    };
}

scene copying() {
    const auto from = pipes_to_read::make();
    const auto to = pipes_to_write::make();
    return {[=](lasting) { EXPECT_EQ(mioco::copy(from->near, to->near), 0U); },
            [=] { from->far.close(); }};
}

std::vector<blocking_call> of_streams() {
    const auto read = [](auto& from) {
        char buffer[8];
        EXPECT_EQ(from.read(buffer), 1U);
        EXPECT_EQ(buffer[0], 'x');
    };
    const auto write = [](auto& to) { EXPECT_EQ(to.write("x"sv), 1U); };
    return {
        {"reading::read", throws, throws, reading<tcp>(read)},
        {"reading::read", throws, throws, reading<unix_streams>(read)},
        {"reading::read", throws, throws, reading<pipes_to_read>(read)},
        {"reading::read_exactly", throws, throws, reading<tcp>([](auto& from) {
             char buffer[1];
             from.read_exactly(buffer);
             EXPECT_EQ(buffer[0], 'x');
         })},
        {"reading::readv", throws, throws, reading<tcp>([](auto& from) {
             char buffer[2][1];
             const iovec into[] = {{buffer[0], 1}, {buffer[1], 1}};
             EXPECT_EQ(from.readv(into), 1U);
             EXPECT_EQ(buffer[0][0], 'x');
         })},
        {"reading::read_lease", throws, throws,
         reading<tcp>([](auto& from) { EXPECT_EQ(from.read_lease().text(), "x"); })},
        {"io_case::wait", throws, throws, reading<tcp>([](auto& from) { from.readable().wait(); })},
        {"select", throws, throws,
         reading<pipes_to_read>([](auto& from) { mioco::select(from.readable()); })},
        {"writing::write", throws, throws, writing<pipes_to_write>(1, write)},
        {"writing::write", throws, throws, writing<unix_streams>(1, write)},
        {"writing::write_all", throws, throws,
         writing<pipes_to_write>(1, [](auto& to) { to.write_all("x"sv); })},
        {"writing::writev", throws, throws,
         writing<pipes_to_write>(1,
                                 [](auto& to) {
                                     char x = 'x';
                                     const iovec from[] = {{&x, 1}};
                                     EXPECT_EQ(to.writev(from), 1U);
                                 })},
        {"io_case::wait", throws, throws,
         writing<pipes_to_write>(0, [](auto& to) { to.writable().wait(); })},
        {"copy", throws, throws, copying},
    };
}
MIOCO_SWEEP(streams, of_streams);

// Connections

template <class Listener, class Stream, class Address>
std::function<scene()> accepting(Address address) {
    return [=] {
        const auto listener = std::make_shared<Listener>(Listener::bind(address));
        const auto client = std::make_shared<Stream>();
        return scene{[=](lasting) { EXPECT_TRUE(listener->accept().is_open()); },
                     [=] { *client = Stream::connect(listener->local()); },
                     [=] { EXPECT_FALSE(listener->try_accept()); }};
    };
}

// That takes no more connections.
struct full_listener {
    full_listener() {
        std::error_code ec;
        while (!ec) {
            waiting.push_back(mioco::net::tcp_stream::connect_for(listener.local(), 20ms, ec));
        }
    }
    mioco::net::tcp_listener listener =
        mioco::net::tcp_listener::bind("127.0.0.1:0", {.backlog = 0});
    std::vector<mioco::net::tcp_stream> waiting;
};

template <class Connect>
std::function<scene()> connecting(std::shared_ptr<full_listener> full, Connect connect) {
    return [=] {
        const auto other = std::make_shared<mioco::net::tcp_listener>(
            mioco::net::tcp_listener::bind("127.0.0.1:0"));
        return scene{[=](lasting time) {
            const bool waits = time == lasting::long_time;
            EXPECT_TRUE(connect((waits ? full->listener : *other).local()).is_open());
        }};
    };
}

template <class Stream>
scene connecting_to_a_full_unix_listener() {
    using listener = mioco::net::basic_unix_listener<Stream>;
    struct shared {
        listener at = listener::bind(mioco::net::unix_endpoint(), {.backlog = 0});
        Stream first = Stream::connect(at.local());
    };
    const auto one = std::make_shared<shared>();
    return {[=](lasting) { EXPECT_TRUE(Stream::connect(one->at.local()).is_open()); },
            [=] {
                EXPECT_TRUE(one->at.accept().is_open());
                EXPECT_TRUE(one->at.accept().is_open());
            },
            [=] { EXPECT_FALSE(one->at.try_accept()); }};
}

std::vector<blocking_call> of_connections() {
    using namespace mioco::net;
    const auto full = std::make_shared<full_listener>();
    return {
        {"tcp_listener::accept", throws, throws,
         accepting<tcp_listener, tcp_stream>("127.0.0.1:0")},
        {"basic_unix_listener::accept", throws, throws,
         accepting<unix_listener, unix_stream>(unix_endpoint())},
        {"tcp_stream::connect", throws, throws,
         connecting(full, [](const endpoint& to) { return tcp_stream::connect(to); })},
        {"tcp_stream::connect_for", throws, throws,
         connecting(full, [](const endpoint& to) { return tcp_stream::connect_for(to, 1h); })},
        {"unix_stream::connect", throws, throws, connecting_to_a_full_unix_listener<unix_stream>},
        {"unix_seqpacket::connect", throws, throws,
         connecting_to_a_full_unix_listener<unix_seqpacket>},
    };
}
MIOCO_SWEEP(connections, of_connections);

// Messages

template <class Kind, class Receive>
std::function<scene()> receiving(Receive receive) {
    return [=] {
        const auto pair = Kind::make();
        return scene{[=](lasting) {
                         char buffer[8];
                         EXPECT_EQ(receive(pair->near, buffer), 1U);
                         EXPECT_EQ(buffer[0], 'x');
                     },
                     [=] { pair->far.send("x"sv); },
                     [=] {
                         char more[8];
                         EXPECT_FALSE(pair->near.try_recv(more));
                     }};
    };
}

template <class Socket>
void receive_up_to_x(Socket& from) {
    char buffer[8] = {};
    while (buffer[0] != 'x') EXPECT_EQ(from.recv(buffer), 1U);
    EXPECT_FALSE(from.try_recv(buffer));
}

template <class Socket, class Send>
std::function<scene()> sending(Send send) {
    return [=] {
        const auto pair = unix_pair<Socket>::make();
        fill([&] { return pair->near.try_send("."sv); });
        return scene{[=](lasting) { EXPECT_EQ(send(pair->near), 1U); },
                     [=] { receive_up_to_x(pair->far); }};
    };
}

struct udp {
    static auto make() {
        using mioco::net::udp_socket;
        auto near = udp_socket::bind("127.0.0.1:0");
        auto far = udp_socket::v4();
        far.connect(near.local());
        return std::make_shared<ends<udp_socket, udp_socket>>(std::move(near), std::move(far));
    }
};

scene sending_to_a_full_queue() {
    using mioco::net::unix_datagram;
    struct shared {
        unix_datagram to = unix_datagram::bind(mioco::net::unix_endpoint());
        unix_datagram from = unix_datagram::unbound();
    };
    const auto one = std::make_shared<shared>();
    fill([&] { return one->from.try_send_to("."sv, one->to.local()); });
    return {[=](lasting) { EXPECT_EQ(one->from.send_to("x"sv, one->to.local()), 1U); },
            [=] { receive_up_to_x(one->to); }};
}

// It waits for next to nothing.
scene sending_a_batch() {
    const auto pair = udp::make();
    return {[=](lasting time) {
        const mioco::net::outgoing_datagram one[] = {{std::as_bytes(std::span("x"sv))}};
        do EXPECT_EQ(pair->far.send_batch(one), 1U);
        while (time == lasting::long_time);
    }};
}

scene passing_a_descriptor() {
    const auto pair = unix_streams::make();
    const auto passed = pipes_to_read::make();
    return {[=](lasting) {
                char buffer[8];
                mioco::owned_fd came[1];
                EXPECT_EQ(pair->near.recv_fds(buffer, came).size, 1U);
                EXPECT_TRUE(came[0]);
            },
            [=] {
                const std::array fds{passed->near.native_handle()};
                EXPECT_EQ(pair->far.send_fds("x"sv, fds), 1U);
            }};
}

std::vector<blocking_call> of_messages() {
    using namespace mioco::net;
    const auto recv = [](auto& from, auto& into) { return from.recv(into); };
    const auto send = [](auto& to) { return to.send("x"sv); };
    return {
        {"messages::recv", throws, throws, receiving<udp>(recv)},
        {"messages::recv", throws, throws, receiving<unix_pair<unix_datagram>>(recv)},
        {"messages::recv", throws, throws, receiving<unix_pair<unix_seqpacket>>(recv)},
        {"datagrams::recv_from", throws, throws,
         receiving<udp>([](auto& from, auto& into) { return from.recv_from(into).size; })},
        {"udp_socket::recv_batch", throws, throws, receiving<udp>([](auto& from, auto& into) {
             incoming_datagram one[] = {{std::as_writable_bytes(std::span(into))}};
             EXPECT_EQ(from.recv_batch(one), 1U);
             return one[0].size;
         })},
        {"messages::send", throws, throws, sending<unix_datagram>(send)},
        {"messages::send", throws, throws, sending<unix_seqpacket>(send)},
        {"datagrams::send_to", throws, throws, sending_to_a_full_queue},
        {"udp_socket::send_batch", throws, throws, sending_a_batch},
        {"fd_passing::recv_fds", throws, throws, passing_a_descriptor},
        {"fd_passing::send_fds", throws, throws,
         writing<unix_streams>(1, [](auto& to) { EXPECT_EQ(to.send_fds("x"sv, {}), 1U); })},
    };
}
MIOCO_SWEEP(messages, of_messages);

// Descriptors of the system

template <class Wait>
std::function<scene()> counting(std::uint64_t at_first, Wait wait) {
    return [=] {
        const auto counter =
            std::make_shared<mioco::async_fd>(mioco::async_fd::adopt(eventfd(0, EFD_NONBLOCK)));
        const std::uint64_t change = at_first == 0 ? 7 : at_first;
        if (at_first != 0) counter->write_all(std::as_bytes(std::span(&at_first, 1)));
        return scene{[=](lasting) { wait(*counter); },
                     [=] {
                         std::uint64_t count = change;
                         if (at_first == 0) {
                             counter->write_all(std::as_bytes(std::span(&count, 1)));
                             return;
                         }
                         EXPECT_EQ(counter->read(std::as_writable_bytes(std::span(&count, 1))),
                                   sizeof count);
                         EXPECT_EQ(count, change);
                     }};
    };
}

std::vector<blocking_call> of_descriptors() {
    constexpr std::uint64_t full = ~std::uint64_t{1};
    return {
        {"reading::read", throws, throws,
         counting(0,
                  [](auto& counter) {
                      std::uint64_t count = 0;
                      EXPECT_EQ(counter.read(std::as_writable_bytes(std::span(&count, 1))),
                                sizeof count);
                      EXPECT_EQ(count, 7U);
                  })},
        {"writing::write", throws, throws,
         counting(full,
                  [](auto& counter) {
                      const std::uint64_t one = 1;
                      EXPECT_EQ(counter.write(std::as_bytes(std::span(&one, 1))), sizeof one);
                  })},
        {"async_fd::wait_readable", throws, throws,
         counting(0, [](auto& counter) { counter.wait_readable(); })},
        {"async_fd::wait_writable", throws, throws,
         counting(full, [](auto& counter) { counter.wait_writable(); })},
    };
}
MIOCO_SWEEP(descriptors, of_descriptors);

}  // namespace
