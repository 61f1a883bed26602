// SPDX-License-Identifier: MPL-2.0
#include <mioco/net/tcp_stream.hpp>

#include <string>
#include <utility>

#include "io/driver.hpp"
#include "net/adopt.hpp"
#include "net/connect.hpp"
#include "net/look_up.hpp"
#include "net/result.hpp"

namespace mioco::net {

namespace {

std::string text_of(std::string_view peer, const detail::connected_socket& none) {
    return "connect to " + std::string(peer) + (none.tried.empty() ? "" : " (" + none.tried + ')');
}

}  // namespace

tcp_stream tcp_stream::connect_within(const endpoint& peer, detail::nanoseconds_t deadline,
                                      std::error_code* ec) {
    detail::connected_socket made = detail::connect_to({peer}, deadline);
    detail::report(made.failure, "connect to " + peer.to_string(), ec);
    return made.failure < 0 ? tcp_stream() : tcp_stream(std::move(made.fd), peer);
}

tcp_stream tcp_stream::connect_within(std::string_view peer, detail::nanoseconds_t deadline,
                                      std::error_code* ec) {
    detail::addresses all = detail::look_up(peer, detail::port_part::required, {}, deadline);
    detail::report_look_up(all, peer, "connect to", ec);
    if (all.failure) return {};
    detail::connected_socket made = detail::connect_to(std::move(all.found), deadline);
    detail::report(made.failure, text_of(peer, made), ec);
    return made.failure < 0 ? tcp_stream() : tcp_stream(std::move(made.fd), made.peer);
}

tcp_stream tcp_stream::adopt_connected(int fd, std::error_code* ec) {
    if (detail::refuse_foreign(fd, detail::adopt_text(fd), ec)) return {};
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    const int failure =
        detail::current_driver().peer_name(fd, reinterpret_cast<sockaddr*>(&address), &size);
    if (failure < 0) {
        detail::report(failure, detail::adopt_text(fd) + ", which is no connected socket", ec);
        return {};
    }
    detail::fd_ref made = detail::adopt_socket(fd, SOCK_STREAM, detail::address_kind::internet, ec);
    if (made.get() == nullptr) return {};
    return {std::move(made), endpoint(reinterpret_cast<const sockaddr*>(&address), size)};
}

std::pair<read_half, write_half> tcp_stream::split() && {
    detail::fd_ref second = fd_.share();
    return {read_half(std::move(fd_), peer_), write_half(std::move(second), peer_)};
}

}  // namespace mioco::net
