// SPDX-License-Identifier: MPL-2.0
#include <mioco/net/tcp_listener.hpp>

#include <cerrno>
#include <string>

#include "base/cure.hpp"
#include "io/driver.hpp"
#include "io/fd.hpp"
#include "net/accept.hpp"
#include "net/adopt.hpp"
#include "net/look_up.hpp"
#include "net/result.hpp"

namespace mioco::net {

namespace {

int open_listener(detail::fd_ref& made, const endpoint& local, const listen_options& options) {
    detail::driver& io = detail::current_driver();
    const int number = io.open_socket(local.family(), SOCK_STREAM);
    if (number < 0) return number;
    made = detail::fd_ref(detail::make_fd(number));
    const auto set = [&](int name) {
        constexpr int on = 1;
        return io.set_option(number, SOL_SOCKET, name, &on, sizeof on);
    };
    int failure = options.reuse_address ? set(SO_REUSEADDR) : 0;
    if (failure == 0 && options.reuse_port) failure = set(SO_REUSEPORT);
    if (failure == 0) failure = io.bind(number, local.data(), local.size());
    if (failure == 0) failure = io.listen(number, options.backlog);
    return failure;
}

}  // namespace

tcp_listener tcp_listener::bind(const endpoint& local, const listen_options& options) {
    detail::fd_ref made;
    const int failure = open_listener(made, local, options);
    if (failure < 0)
        detail::throw_failure(failure, "listen on " + local.to_string(),
                              detail::cure_of_bind(failure));
    return tcp_listener(std::move(made));
}

tcp_listener tcp_listener::bind_by_name(std::string_view local, const listen_options& options,
                                        std::error_code* ec) {
    const detail::addresses all =
        detail::look_up(local, detail::port_part::required, {}, detail::never);
    detail::report_look_up(all, local, "listen on", ec);
    int failure = 0;
    for (const endpoint& each : all.found) {
        detail::fd_ref made;
        failure = open_listener(made, each, options);
        if (failure == 0) return tcp_listener(std::move(made));
    }
    if (failure < 0)
        detail::report(failure, "listen on " + detail::text_of_last(all, local), ec,
                       detail::cure_of_bind(failure));
    return {};
}

tcp_listener tcp_listener::bind(const endpoint& local, const listen_options& options,
                                std::error_code& ec) {
    detail::fd_ref made;
    const int failure = open_listener(made, local, options);
    ec = failure < 0 ? detail::code_of(failure) : std::error_code();
    return failure < 0 ? tcp_listener() : tcp_listener(std::move(made));
}

tcp_listener tcp_listener::adopt_listening(int fd, std::error_code* ec) {
    if (detail::refuse_foreign(fd, detail::adopt_text(fd), ec)) return {};
    int listening = 0;
    socklen_t size = sizeof listening;
    const int failure =
        detail::current_driver().get_option(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size);
    if (failure < 0 || listening == 0) {
        detail::report(failure < 0 ? failure : -EINVAL,
                       detail::adopt_text(fd) + ", which does not listen", ec);
        return {};
    }
    return tcp_listener(detail::adopt_socket(fd, SOCK_STREAM, detail::address_kind::internet, ec));
}

tcp_stream tcp_listener::connection(int number, detail::message_address& peer) {
    return {detail::fd_ref(detail::make_fd(number)), endpoint(peer.data(), peer.size)};
}

tcp_stream tcp_listener::accept(std::error_code& ec) {
    detail::message_address peer;
    const int number = detail::accept_patiently(fd_, peer);
    ec = number < 0 ? detail::code_of(number) : std::error_code();
    return number < 0 ? tcp_stream() : connection(number, peer);
}

tcp_stream tcp_listener::accept() {
    detail::message_address peer;
    const int number = detail::accept_patiently(fd_, peer);
    if (number < 0) detail::throw_failure(number, "accept");
    return connection(number, peer);
}

std::optional<tcp_stream> tcp_listener::accept_now(const detail::fd_ref& listener,
                                                   std::error_code* ec) {
    detail::message_address peer;
    const int number = detail::accept_at_once(listener, peer);
    detail::report(number == -EAGAIN ? 0 : number, "try_accept", ec);
    if (number < 0) return std::nullopt;
    return connection(number, peer);
}

std::optional<tcp_stream> tcp_listener::try_accept() { return accept_now(fd_, nullptr); }

std::optional<tcp_stream> tcp_listener::try_accept(std::error_code& ec) {
    return accept_now(fd_, &ec);
}

tcp_stream tcp_listener::accept_case::select_arm_type::take() {
    detail::message_address peer;
    const int number = take_connection(peer);
    if (number < 0) detail::throw_failure(number, "accept");
    return connection(number, peer);
}

}  // namespace mioco::net
