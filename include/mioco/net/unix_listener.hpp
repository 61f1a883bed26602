// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <mioco/detail/accept_arm.hpp>
#include <mioco/detail/unix_socket.hpp>
#include <mioco/net/socket_handle.hpp>
#include <mioco/net/unix_endpoint.hpp>

namespace mioco::net {

/// A listening Unix socket: `unix_listener` for streams, `unix_seqpacket_listener` for records. Move-only; destroying it closes it.
/// Several fibers may accept from one listener. In the original since 0.1.
template <class Connection>
class basic_unix_listener : public socket_handle<basic_unix_listener<Connection>> {
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
            Connection take() {
                detail::message_address peer;
                const int number = take_connection(peer);
                return connection(detail::unix_accepted_as(number, peer, Connection::type));
            }
        };

    private:
        friend class basic_unix_listener;
        explicit accept_case(const detail::fd_ref& listener) noexcept : listener_(&listener) {}

        const detail::fd_ref* listener_;
    };

    /// No socket: every call gives `std::errc::bad_file_descriptor`.
    basic_unix_listener() noexcept = default;
    /// Takes the other's socket; the other is left without one.
    basic_unix_listener(basic_unix_listener&&) noexcept = default;
    /// The same; its own goes first, and its file with it if the options asked for that.
    basic_unix_listener& operator=(basic_unix_listener&& other) noexcept {
        file_ = std::move(other.file_);
        fd_ = std::move(other.fd_);
        return *this;
    }
    basic_unix_listener(const basic_unix_listener&) = delete;
    basic_unix_listener& operator=(const basic_unix_listener&) = delete;
    ~basic_unix_listener() = default;

    /// Binds and listens; an unnamed endpoint takes a free abstract name, which `local` tells. Does not block, and works outside of
    /// fibers. Errors name the address. A path that exists is an error (`address_in_use`), unless the options say otherwise.
    static basic_unix_listener bind(const unix_endpoint& local,
                                    const unix_listen_options& options = {}) {
        return detail::unix_listen(local, Connection::type, options, nullptr);
    }
    /// The same, with the error in `ec` and no listener returned.
    static basic_unix_listener bind(const unix_endpoint& local, const unix_listen_options& options,
                                    std::error_code& ec) {
        return detail::unix_listen(local, Connection::type, options, &ec);
    }
    /// The same, at a path.
    static basic_unix_listener bind(std::string_view path,
                                    const unix_listen_options& options = {}) {
        return bind(unix_endpoint(path), options);
    }
    /// The same, with the error in `ec`.
    static basic_unix_listener bind(std::string_view path, const unix_listen_options& options,
                                    std::error_code& ec) {
        const unix_endpoint local(path, ec);
        return ec ? basic_unix_listener() : bind(local, options, ec);
    }
    /// Takes over a listening socket, as from a service manager, and sets it non-blocking. Throws `std::system_error` if
    /// `fd` is no Unix socket of this type that listens; `fd` then stays the caller's.
    static basic_unix_listener adopt(int fd) {
        return detail::bound_socket{detail::unix_adopt_listener(fd, Connection::type, nullptr), {}};
    }
    /// The same, with the error in `ec` and no listener returned.
    static basic_unix_listener adopt(int fd, std::error_code& ec) {
        return detail::bound_socket{detail::unix_adopt_listener(fd, Connection::type, &ec), {}};
    }

    /// The next connection. Parks the fiber, or blocks the thread, until there is one. A cancellation point: a cancelled call has
    /// accepted nothing. Being out of descriptors is waited out as by `tcp_listener::accept`.
    Connection accept() { return detail::unix_accept(fd_, Connection::type, nullptr); }
    /// The same, with the error in `ec` and no connection returned.
    Connection accept(std::error_code& ec) {
        return detail::unix_accept(fd_, Connection::type, &ec);
    }
    /// A connection that is there now; nothing if there is none. Never blocks. Being out of descriptors is an error here, and so
    /// is the failure of many clients in a row.
    std::optional<Connection> try_accept() {
        return some(detail::unix_try_accept(fd_, Connection::type, nullptr));
    }
    /// The same, with the error in `ec`.
    std::optional<Connection> try_accept(std::error_code& ec) {
        return some(detail::unix_try_accept(fd_, Connection::type, &ec));
    }

    /// The next connection, as a case of `select`, whose result it is. A case that does not win accepts nothing. Errors are thrown when it
    /// wins; being out of descriptors is none: the case is tried again after a pause, as by `accept`, and others may win meanwhile; `close`
    /// is noticed after that pause then. Valid while this object lives and stays where it is.
    [[nodiscard]] accept_case accepting() const noexcept { return accept_case(fd_); }
    /// "A connection is there", to wait for; another fiber may be faster to accept it. Valid while this object lives and stays where it is.
    [[nodiscard]] io_case readable() const noexcept {
        return detail::io_case_access::make(fd_, direction::read);
    }
    /// The address that it listens on.
    [[nodiscard]] unix_endpoint local() const { return detail::unix_local(fd_, nullptr); }
    /// The same, with the error in `ec`.
    [[nodiscard]] unix_endpoint local(std::error_code& ec) const {
        return detail::unix_local(fd_, &ec);
    }

    /// Stops listening and wakes whoever waits in `accept` with `std::errc::bad_file_descriptor`. Removes the file if the options
    /// asked for that.
    void close() noexcept {
        file_.remove();
        detail::fd_close(fd_);
    }
    /// Gives the descriptor to the caller, as `fd_handle::release`; its file stays, whatever the options asked for.
    int release() { return detail::unix_release(fd_, file_, nullptr); }
    /// The same, with the error in `ec` and -1 returned.
    int release(std::error_code& ec) { return detail::unix_release(fd_, file_, &ec); }

private:
    friend struct detail::fd_access;
    basic_unix_listener(detail::bound_socket made) noexcept
        : fd_(std::move(made.fd)), file_(std::move(made.file)) {}

    static Connection connection(detail::unix_accepted accepted) {
        return Connection(std::move(accepted));
    }
    static std::optional<Connection> some(detail::unix_accepted accepted) {
        if (accepted.fd.get() == nullptr) return std::nullopt;
        return Connection(std::move(accepted));
    }

    detail::fd_ref fd_;
    detail::socket_file file_;
};

}  // namespace mioco::net
