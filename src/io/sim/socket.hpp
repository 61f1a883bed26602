// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <sys/socket.h>

#include "io/sim/open_file.hpp"
#include "io/sim/options.hpp"

namespace mioco::detail::sim {

/// What a call has room for, and what came.
struct incoming {
    incoming(part_cursor room, std::size_t bytes) : into(room), most(bytes) {}

    part_cursor into;
    std::size_t most;
    sockaddr_storage* name = nullptr;  // of the sender, if it is wanted
    socklen_t name_size = 0;
    bool truncated = false;
    std::vector<file_ref> files;
    std::optional<ucred> sender;  // if that was asked for
};

/// What a call sends.
struct outgoing {
    outgoing(part_cursor parts, std::size_t bytes) : from(parts), most(bytes) {}

    part_cursor from;
    std::size_t most;
    const sockaddr* name = nullptr;
    socklen_t name_size = 0;
    std::vector<file_ref> files;
};

/// What sockets have in common. Results are as those of the system calls: a count, or a negative errno value.
class socket_base : public open_file {
public:
    socket_base(world& in, host_id host, int family, int type);

    [[nodiscard]] int family() const noexcept { return family_; }
    [[nodiscard]] int type() const noexcept { return type_; }

    virtual int bind(const sockaddr* address, socklen_t size) = 0;
    virtual int listen(int backlog);
    /// The next connection; null, with `failure` set, if there is none. Its name is of who connected.
    virtual std::shared_ptr<socket_base> accept(int& failure);
    virtual int connect(const sockaddr* address, socklen_t size) = 0;
    virtual int shutdown(int how) = 0;
    virtual ssize_t receive(incoming& what) = 0;
    virtual ssize_t send(outgoing& what) = 0;
    /// The size of the name.
    virtual socklen_t local_name(sockaddr_storage& name) const = 0;
    /// The same, or -ENOTCONN.
    virtual int peer_name(sockaddr_storage& name) const = 0;
    /// As accept(2) tells it of a connection: also of one that has broken since.
    virtual socklen_t accepted_name(sockaddr_storage& name) const = 0;
    [[nodiscard]] virtual bool is_listening() const noexcept { return false; }

    virtual int get_option(int level, int name, void* value, socklen_t* size);
    virtual int set_option(int level, int name, const void* value, socklen_t size);

    void fill(struct stat& status) const override;
    ssize_t read(part_cursor& into, std::size_t most) override;
    ssize_t write(part_cursor& from, std::size_t most) override;

    [[nodiscard]] std::size_t send_room() const noexcept { return options_.send_bytes(); }
    [[nodiscard]] std::size_t receive_room() const noexcept { return options_.receive_bytes(); }
    [[nodiscard]] const socket_options& options() const noexcept { return options_; }

protected:
    void inherit_options(const socket_base& from) { options_ = from.options_; }
    /// As the kernel's sk_err: told once.
    int take_error() noexcept { return -std::exchange(error_, 0); }
    [[nodiscard]] bool has_error() const noexcept { return error_ != 0; }
    void set_error(int error) noexcept { error_ = error; }
    /// RDHUP, HUP, and that there is no more to wait for; ERR.
    [[nodiscard]] std::uint32_t ends_ready() const noexcept;

    bool no_more_in = false;   // nothing is received any more
    bool no_more_out = false;  // nothing can be sent any more

private:
    const int family_;
    const int type_;
    int error_ = 0;
    socket_options options_;
};

/// Copies as much of an option's value as there is room for.
int give_option(const void* from, std::size_t have, void* value, socklen_t* size) noexcept;

}  // namespace mioco::detail::sim
