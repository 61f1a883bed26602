// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <mioco/mioco.hpp>

#include "io/fd.hpp"

namespace mioco_test {

/// Two streams that are connected with each other.
struct stream_pair {
    mioco::net::tcp_stream near;
    mioco::net::tcp_stream far;
};
stream_pair connected_pair();

/// The same, with the kernel's buffers so small that a writer soon has to wait.
stream_pair narrow_pair();

/// A client made of plain blocking system calls, so that a test has a peer that shares nothing with the library. Throws
/// std::system_error. Where a call may have to wait it belongs on a thread of its own.
class raw_client {
public:
    explicit raw_client(const mioco::net::endpoint& server);
    raw_client(raw_client&& other) noexcept;
    raw_client& operator=(raw_client&& other) noexcept;
    ~raw_client();

    void send(std::string_view text);
    /// So many bytes, or fewer if the stream ends before.
    std::string receive(std::size_t count);
    /// Sends no more.
    void finish();
    /// Sends a last text with the end of the stream in the same packet, so that the peer learns of both at once.
    void send_and_finish(std::string_view text);
    /// Aborts the connection: the peer gets a reset.
    void reset();
    void close();
    [[nodiscard]] mioco::net::endpoint local() const;
    [[nodiscard]] int descriptor() const { return fd_; }
    /// The descriptor is the caller's from now on.
    int release();

private:
    int fd_;
};

/// Whether somebody waits on the descriptor, parked or blocked.
bool somebody_waits(int descriptor, mioco::detail::side which);
/// Returns when somebody is in line behind another.
void until_somebody_queues(int descriptor, mioco::detail::side which = mioco::detail::side::read);
/// Returns when somebody does.
void until_somebody_waits(int descriptor, mioco::detail::side which = mioco::detail::side::read);

/// So many bytes in which each place can be told from its neighbours.
std::string pattern(std::size_t size);

/// The next text from the stream, up to a fixed size; empty at its end.
template <class Stream>
std::string read_some(Stream& stream) {
    char buffer[256];
    return {buffer, stream.read(buffer)};
}

/// So many bytes.
template <class Stream>
std::string read_text(Stream& stream, std::size_t size) {
    std::string text(size, '\0');
    stream.read_exactly(text);
    return text;
}

template <class Stream>
std::string read_to_end(Stream& stream) {
    std::string text;
    char part[8192];
    while (const std::size_t count = stream.read(part)) text.append(part, count);
    return text;
}

}  // namespace mioco_test
