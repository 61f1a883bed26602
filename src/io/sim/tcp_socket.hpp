// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "io/sim/connection.hpp"
#include "io/sim/inet_socket.hpp"

namespace mioco::detail::sim {

/// An end of a TCP connection, or a listener.
class tcp_socket final : public inet_socket {
public:
    tcp_socket(world& in, host_id host, int family);

    int listen(int backlog) override;
    std::shared_ptr<socket_base> accept(int& failure) override;
    int connect(const sockaddr* address, socklen_t size) override;
    int shutdown(int how) override;
    ssize_t receive(incoming& what) override;
    ssize_t send(outgoing& what) override;
    int get_option(int level, int name, void* value, socklen_t* size) override;
    [[nodiscard]] std::uint32_t ready() const noexcept override;
    [[nodiscard]] bool is_listening() const noexcept override { return state_ == state::listening; }
    void drop_contents() override;

    // For the connection
    void take(segment& what);
    /// The other end has not answered for too long.
    void time_out();
    /// Whether it has sent something that it has seen no answer to.
    [[nodiscard]] bool waits_for_answer() const noexcept;
    /// How much the other end may send, since the beginning.
    [[nodiscard]] std::uint64_t window() const noexcept { return consumed_ + receive_room(); }
    /// [listener] For one more.
    [[nodiscard]] bool has_room_in_queue() const noexcept {
        return queue_.size() <= static_cast<std::size_t>(backlog_);
    }
    std::shared_ptr<tcp_socket> make_child(std::shared_ptr<connection> by);
    /// [child] Whether its listener has room for it. Also if that is gone: then there is nothing to wait for.
    [[nodiscard]] bool may_be_queued() const noexcept;
    /// [child] There was no room for it for too long.
    void refuse() { abort(); }

private:
    // `fresh`: not connected, and has not been. `over`: was, and neither direction works any more.
    enum class state : std::uint8_t { fresh, listening, asking, asked, connected, over };

    [[nodiscard]] port_table& ports() const noexcept override;
    [[nodiscard]] bool is_connected() const noexcept override { return state_ == state::connected; }
    void last_close() override;
    void vanish() override;

    int disconnect();
    void stop_listening();
    void take_opened();
    void take_data(segment& what);
    void take_fin();
    void take_ack(const segment& what);
    void take_reset();
    void fail(int error);
    void abort();
    void detach(connection::leaving how) noexcept;
    void push_out();
    void tell_window();
    void end_when_all_is_sent();
    [[nodiscard]] std::size_t room() const noexcept;
    [[nodiscard]] bool is_writable() const noexcept;
    [[nodiscard]] std::uint8_t kernel_state() const noexcept;

    state state_ = state::fresh;
    std::shared_ptr<connection> connection_;
    unsigned end_ = 0;

    byte_queue unsent_;
    byte_queue received_;
    // Bytes since the beginning.
    std::uint64_t written_ = 0;  // by the user
    std::uint64_t sent_ = 0;     // put on the lane
    std::uint64_t acked_ = 0;    // that have arrived, as far as is known here
    std::uint64_t limit_ = 0;    // that the other end has room for
    std::uint64_t arrived_ = 0;
    std::uint64_t consumed_ = 0;    // read by the user
    std::uint64_t told_limit_ = 0;  // what the other end knows of `window`
    bool fin_wanted_ = false;
    bool fin_sent_ = false;
    bool fin_acked_ = false;
    bool fin_came_ = false;
    bool closed_ = false;  // by its user

    // Of a listener
    int backlog_ = 0;
    std::deque<std::shared_ptr<tcp_socket>> queue_;
    // Of what it accepts
    std::weak_ptr<tcp_socket> listener_;
};

}  // namespace mioco::detail::sim
