// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "io/sim/address.hpp"
#include "io/sim/deliveries.hpp"
#include "io/sim/fifo.hpp"
#include "io/sim/turns.hpp"

namespace mioco::detail::sim {

class tcp_socket;
class world;

/// What goes over a connection.
struct segment {
    enum class kind : std::uint8_t { syn, syn_ack, opened, data, ack, fin, reset };

    kind what = kind::ack;
    nanoseconds_t due = 0;
    std::uint64_t acked = 0;  // bytes that came, since the beginning
    std::uint64_t limit = 0;  // bytes that may be sent, since the beginning
    std::vector<std::byte> bytes{};
};

/// What lies between the two ends of a TCP connection: a lane for each direction, on which everything arrives in order. Nothing is lost, as
/// what is lost is sent again until it arrives; so what cannot get through waits, until it can or somebody gives up.
/// End 0 is the one that connects. Lane 0 leads away from it.
class connection final : public deliverable, public std::enable_shared_from_this<connection> {
public:
    struct place {
        host_id host;
        socket_address address;
    };

    connection(world& in, const place& client, const place& server);

    [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
    [[nodiscard]] const place& at(unsigned end) const noexcept { return places_[end]; }

    /// [client] Asks for the connection.
    void begin(const std::shared_ptr<tcp_socket>& client);
    /// [an end] Puts it on its lane.
    void send(unsigned end, segment what);
    /// How an end ceases to take part. `finished`: after it has sent its FIN, so that the other's is no surprise. `lost`: nothing that
    /// it has sent is sent again.
    enum class leaving : std::uint8_t { finished, broken, lost };
    void leave(unsigned end, leaving how) noexcept;

    void arrive(std::uint64_t tag) override;

    // For the network
    [[nodiscard]] bool is_open(unsigned which) const;
    [[nodiscard]] bool is_held(unsigned which) const noexcept { return lanes_[which].held; }
    void release(unsigned which);

private:
    struct lane {
        fifo<segment> queue;
        nanoseconds_t last_due = 0;
        bool held = false;
        std::uint64_t times_held = 0;
    };
    // What becomes of an attempt to connect.
    enum class fate : std::uint8_t { normal, refused, unanswered };

    void run_lane(unsigned which);
    void delay(unsigned which, nanoseconds_t until);
    void delay_opened();
    void hold(unsigned which);
    void give_up(unsigned which);
    void deliver(unsigned which, segment& what);
    void answer_syn();
    void drop_syn();
    void ask_again();
    [[nodiscard]] bool must_wait(const segment& what) const;

    world& in_;
    const std::uint64_t id_;
    const place places_[2];
    lane lanes_[2];
    std::weak_ptr<tcp_socket> ends_[2];
    bool finished_[2] = {false, false};
    bool lost_[2] = {false, false};
    fate fate_ = fate::normal;
    nanoseconds_t began_ = 0;
    unsigned syns_dropped_ = 0;
    unsigned times_delayed_ = 0;
};

}  // namespace mioco::detail::sim
