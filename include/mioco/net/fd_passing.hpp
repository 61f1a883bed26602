// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <system_error>

#include <sys/types.h>

#include <mioco/byte_range.hpp>
#include <mioco/detail/message_io.hpp>
#include <mioco/owned_fd.hpp>

namespace mioco::net {

/// What has come with `recv_fds`.
struct received_fds {
    /// Bytes in the buffer; 0 at the end of the stream.
    std::size_t size = 0;
    /// Of a datagram or record: whether it was longer than the buffer. The rest is lost.
    bool truncated = false;
    /// Descriptors that came with the bytes.
    std::size_t count = 0;
    /// Whether there were more of them than room, or than this process may open. They are closed.
    bool fds_lost = false;
};

/// Who is at the other end of a Unix socket, as it was when the two were connected.
struct peer_credentials {
    /// The process; 0 if it is not to be seen from this one's namespace.
    pid_t pid = 0;
    /// Its effective user.
    uid_t uid = 0;
    /// Its effective group.
    gid_t gid = 0;
};

}  // namespace mioco::net

namespace mioco::detail {

net::received_fds receive_fds(const fd_ref& fd, bytes into, std::span<owned_fd> fds,
                              std::error_code* ec);
std::optional<net::received_fds> try_receive_fds(const fd_ref& fd, bytes into,
                                                 std::span<owned_fd> fds, std::error_code* ec);
std::size_t send_fds(const fd_ref& fd, const_bytes from, std::span<const int> fds,
                     std::error_code* ec);
std::optional<std::size_t> try_send_fds(const fd_ref& fd, const_bytes from,
                                        std::span<const int> fds, std::error_code* ec);
net::peer_credentials socket_peer_credentials(const fd_ref& fd, std::error_code* ec);

}  // namespace mioco::detail

namespace mioco::net {

/// Descriptors that go from process to process, in `unix_stream`, `unix_datagram` and `unix_seqpacket`. The calls wait, wake and fail as
/// those for bytes alone do. What is received without these calls loses its descriptors: the kernel closes them. In the original since 0.1.
template <class Self>
class fd_passing {
public:
    /// The most descriptors that one message carries.
    static constexpr std::size_t most_fds = 253;

    /// Sends bytes, and with the first of them duplicates of `fds`, which stay the caller's. Returns how many bytes went: on a
    /// stream that may be fewer than there are, and the rest follows by `write`. On a stream there must be a byte; more than `most_fds` descriptors are an
    /// error: `invalid_argument`. A socket or pipe of this library that is passed and then used here no more is best passed after
    /// `release`.
    template <byte_range B>
    std::size_t send_fds(const B& from, std::span<const int> fds) {
        return detail::send_fds(fd(), detail::bytes_of(from), fds, nullptr);
    }
    /// The same, with the error in `ec`.
    template <byte_range B>
    std::size_t send_fds(const B& from, std::span<const int> fds, std::error_code& ec) {
        return detail::send_fds(fd(), detail::bytes_of(from), fds, &ec);
    }
    /// The same if there is room now; nothing if it would have to wait. Never blocks, and is no cancellation point.
    template <byte_range B>
    std::optional<std::size_t> try_send_fds(const B& from, std::span<const int> fds) {
        return detail::try_send_fds(fd(), detail::bytes_of(from), fds, nullptr);
    }
    /// The same, with the error in `ec`.
    template <byte_range B>
    std::optional<std::size_t> try_send_fds(const B& from, std::span<const int> fds,
                                            std::error_code& ec) {
        return detail::try_send_fds(fd(), detail::bytes_of(from), fds, &ec);
    }

    /// Receives bytes, and the descriptors that came with them into the first of `fds`, which are closed on exec. What those held
    /// before is closed if something takes its place. A read of a stream ends behind bytes that descriptors came with. Truncation is told in the
    /// result, and is no error.
    template <mutable_byte_range B>
    received_fds recv_fds(B&& into, std::span<owned_fd> fds) {
        return detail::receive_fds(fd(), detail::writable_bytes_of(into), fds, nullptr);
    }
    /// The same, with the error in `ec`.
    template <mutable_byte_range B>
    received_fds recv_fds(B&& into, std::span<owned_fd> fds, std::error_code& ec) {
        return detail::receive_fds(fd(), detail::writable_bytes_of(into), fds, &ec);
    }
    /// The same of what is there now; nothing if there is nothing. Never blocks, and is no cancellation point.
    template <mutable_byte_range B>
    std::optional<received_fds> try_recv_fds(B&& into, std::span<owned_fd> fds) {
        return detail::try_receive_fds(fd(), detail::writable_bytes_of(into), fds, nullptr);
    }
    /// The same, with the error in `ec`.
    template <mutable_byte_range B>
    std::optional<received_fds> try_recv_fds(B&& into, std::span<owned_fd> fds,
                                             std::error_code& ec) {
        return detail::try_receive_fds(fd(), detail::writable_bytes_of(into), fds, &ec);
    }

    /// Who is at the other end. Of a pair that is the process that made it. Does not block.
    [[nodiscard]] peer_credentials credentials() const {
        return detail::socket_peer_credentials(fd(), nullptr);
    }
    /// The same, with the error in `ec`.
    [[nodiscard]] peer_credentials credentials(std::error_code& ec) const {
        return detail::socket_peer_credentials(fd(), &ec);
    }

private:
    [[nodiscard]] const detail::fd_ref& fd() const noexcept {
        return detail::fd_access::of(static_cast<const Self&>(*this));
    }
};

}  // namespace mioco::net
