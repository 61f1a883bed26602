// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "io/sim/socket.hpp"

namespace mioco::detail::sim {

/// A Unix socket of any type. What is sent is with the receiver when the call returns, and counts as the sender's until it is read.
class unix_socket final : public socket_base {
public:
    unix_socket(world& in, host_id host, int type);

    /// Connects both, as socketpair(2).
    static void join(const std::shared_ptr<unix_socket>& one,
                     const std::shared_ptr<unix_socket>& other);

    int bind(const sockaddr* address, socklen_t size) override;
    int listen(int backlog) override;
    std::shared_ptr<socket_base> accept(int& failure) override;
    int connect(const sockaddr* address, socklen_t size) override;
    int shutdown(int how) override;
    ssize_t receive(incoming& what) override;
    ssize_t send(outgoing& what) override;
    socklen_t local_name(sockaddr_storage& name) const override;
    int peer_name(sockaddr_storage& name) const override;
    socklen_t accepted_name(sockaddr_storage& name) const override;
    int get_option(int level, int name, void* value, socklen_t* size) override;
    [[nodiscard]] std::uint32_t ready() const noexcept override;
    [[nodiscard]] bool is_listening() const noexcept override { return state_ == state::listening; }
    void drop_contents() override;

private:
    enum class state : std::uint8_t { fresh, listening, connected };

    struct packet {
        std::vector<std::byte> bytes{};
        std::size_t taken = 0;
        std::vector<file_ref> files{};
        std::weak_ptr<unix_socket> sender{};
        std::string sender_name{};
        std::size_t charge = 0;
    };

    [[nodiscard]] bool keeps_bounds() const noexcept { return type() != SOCK_STREAM; }
    [[nodiscard]] bool is_datagram() const noexcept { return type() == SOCK_DGRAM; }
    [[nodiscard]] std::shared_ptr<unix_socket> self() {
        return std::static_pointer_cast<unix_socket>(shared_from_this());
    }
    [[nodiscard]] bool is_writable() const noexcept { return 4 * used_ <= send_room(); }
    [[nodiscard]] bool is_full_for(const unix_socket& sender) const noexcept;

    void last_close() override;
    void vanish() override;
    void end(bool unaccepted);
    void end_connection(unix_socket& survivor, bool unaccepted);

    int take_free_name();
    int bind_path(const std::string& path);
    std::shared_ptr<unix_socket> find(const sockaddr* address, socklen_t size, int& failure);
    int connect_datagrams(const std::shared_ptr<unix_socket>& to);
    int disconnect();
    ssize_t send_stream(outgoing& what);
    ssize_t send_message(outgoing& what, unix_socket& to);
    ssize_t send_datagram(outgoing& what);
    void put(unix_socket& to, std::vector<std::byte> bytes, std::vector<file_ref> files);
    ssize_t receive_stream(incoming& what);
    ssize_t receive_message(incoming& what);
    void tell_of(const packet& from, incoming& what) const;
    void drop_first();
    void give_back(std::size_t charge);
    void wake_followers();

    state state_ = state::fresh;
    bool gone_ = false;
    std::string name_;  // as in sun_path, without what ends a path
    bool owns_name_ = false;
    std::string peer_name_;
    std::weak_ptr<unix_socket> peer_;
    fifo<packet> queue_;
    std::size_t used_ = 0;  // of what others have not read yet
    int backlog_ = 0;
    std::deque<std::shared_ptr<unix_socket>> unaccepted_;
    std::vector<std::weak_ptr<unix_socket>>
        followers_;  // datagram sockets that are connected to this one
};

}  // namespace mioco::detail::sim
