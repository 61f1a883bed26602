// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <mioco/detail/accept_arm.hpp>
#include <mioco/net/socket_handle.hpp>
#include <mioco/net/tcp_stream.hpp>

namespace mioco::net {

/// How a listener is made.
struct listen_options {
    /// Connections that the kernel holds until they are accepted; it caps this at `net.core.somaxconn`.
    int backlog = 4096;
    /// Bind although connections of an earlier server linger on the address.
    bool reuse_address = true;
    /// Let several sockets listen on the address; the kernel spreads connections over them.
    bool reuse_port = false;
};

/// A listening TCP socket. Move-only; destroying it closes it. Several fibers may accept from one listener. In the original since 0.1.
class tcp_listener : public socket_handle<tcp_listener> {
public:
    /// "The next connection", as a case of `select`.
    class accept_case {
    public:
        /// For `select`.
        class select_arm_type : public detail::accept_arm {
        public:
            /// Of that case.
            explicit select_arm_type(const accept_case& from) noexcept
                : accept_arm(*from.listener_) {}
            /// The connection.
            tcp_stream take();
        };

    private:
        friend class tcp_listener;
        explicit accept_case(const detail::fd_ref& listener) noexcept : listener_(&listener) {}

        const detail::fd_ref* listener_;
    };

    /// No socket: every call gives `std::errc::bad_file_descriptor`.
    tcp_listener() noexcept = default;

    /// Binds and listens; port 0 takes a free one, which `local` tells. Does not block, and works outside of fibers. Errors
    /// name the address: `address_in_use` is the usual one.
    static tcp_listener bind(const endpoint& local, const listen_options& options = {});
    /// The same, with the error in `ec` and no listener returned.
    static tcp_listener bind(const endpoint& local, const listen_options& options,
                             std::error_code& ec);
    /// The same, on an address in the form that `endpoint::parse` reads; or by name, as "localhost:0": on the first of its addresses that
    /// can be taken, if only one. A name is looked up as by `resolve`, which may park or block, and is a cancellation point.
    static tcp_listener bind(std::string_view local, const listen_options& options = {}) {
        return bind_by_name(local, options, nullptr);
    }
    /// The same, with the error in `ec`.
    static tcp_listener bind(std::string_view local, const listen_options& options,
                             std::error_code& ec) {
        return bind_by_name(local, options, &ec);
    }
    /// Takes over a listening socket, as from a service manager, and sets it non-blocking. Throws `std::system_error` if
    /// `fd` does not listen; `fd` then stays the caller's.
    static tcp_listener adopt(int fd) { return adopt_listening(fd, nullptr); }
    /// The same, with the error in `ec` and no listener returned.
    static tcp_listener adopt(int fd, std::error_code& ec) { return adopt_listening(fd, &ec); }

    /// The next connection, with its peer's address. Parks the fiber, or blocks the thread, until there is one. A cancellation
    /// point: a cancelled call has accepted nothing.
    ///
    /// Connections that the client aborted are passed over. When the process or the system is out of descriptors or memory, or when one
    /// client after the other fails, as by a rule of a firewall, it warns once on stderr, then tries again after a pause that grows from
    /// 5 ms to one second, until one comes through.
    tcp_stream accept();
    /// The same, with the error in `ec` and no connection returned.
    tcp_stream accept(std::error_code& ec);
    /// A connection that is there now; nothing if there is none. Never blocks. Being out of descriptors is an error here, and so
    /// is the failure of many clients in a row.
    std::optional<tcp_stream> try_accept();
    /// The same, with the error in `ec`.
    std::optional<tcp_stream> try_accept(std::error_code& ec);

    /// The next connection, as a case of `select`, whose result it is. A case that does not win accepts nothing. Errors are thrown when it
    /// wins; being out of descriptors is none: the case is tried again after a pause, as by `accept`, and others may win meanwhile; `close`
    /// is noticed after that pause then. Valid while this object lives and stays where it is.
    [[nodiscard]] accept_case accepting() const noexcept { return accept_case(fd_); }
    /// "A connection is there", to wait for; another fiber may be faster to accept it. Valid while this object lives and stays
    /// where it is.
    [[nodiscard]] io_case readable() const noexcept {
        return detail::io_case_access::make(fd_, direction::read);
    }

    /// The address it listens on, with the real port.
    [[nodiscard]] endpoint local() const { return detail::socket_local(fd_, nullptr); }
    /// The same, with the error in `ec`.
    [[nodiscard]] endpoint local(std::error_code& ec) const {
        return detail::socket_local(fd_, &ec);
    }

private:
    friend struct detail::fd_access;
    static tcp_listener bind_by_name(std::string_view local, const listen_options& options,
                                     std::error_code* ec);
    static tcp_listener adopt_listening(int fd, std::error_code* ec);
    static std::optional<tcp_stream> accept_now(const detail::fd_ref& listener,
                                                std::error_code* ec);
    static tcp_stream connection(int number, detail::message_address& peer);
    explicit tcp_listener(detail::fd_ref fd) noexcept : fd_(std::move(fd)) {}

    detail::fd_ref fd_;
};

}  // namespace mioco::net
