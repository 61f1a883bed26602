// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "io/sim/address.hpp"
#include "io/sim/host.hpp"
#include "io/sim/settings.hpp"
#include "io/sim/turns.hpp"

namespace mioco::detail::sim {

class connection;
class world;

/// The hosts, and what lies between them: how long it takes, and what does not get through.
class network {
public:
    explicit network(world& in) : in_(in) {}

    /// A name that is known already has its number.
    host_id add(std::string_view name);
    /// Throws std::invalid_argument if it is not known.
    [[nodiscard]] host_id known(std::string_view name) const;
    [[nodiscard]] std::optional<host_id> find(std::string_view name) const;
    [[nodiscard]] host& at(host_id id) noexcept { return *hosts_[id]; }
    [[nodiscard]] std::string_view name(host_id id) const noexcept { return hosts_[id]->name; }
    [[nodiscard]] std::size_t size() const noexcept { return hosts_.size(); }

    /// Whose address it is for one that is on the host `from`.
    [[nodiscard]] std::optional<host_id> owner_of(host_id from, const ip_address& ip) const;
    /// Where what a host sends there comes from.
    [[nodiscard]] ip_address source_for(host_id from, const ip_address& to) const;
    /// Whether something can be bound to it.
    [[nodiscard]] bool is_local(host_id from, const ip_address& ip) const;

    /// Whether what is sent gets through: also what one has sent that is gone since.
    [[nodiscard]] bool is_open(host_id from, host_id to) const;
    void set_blocked(host_id from, host_id to, bool blocked);
    void unblock_all();
    /// When what is sent now arrives.
    nanoseconds_t arrival(host_id from, host_id to, std::size_t bytes);

    nanoseconds_t draw_from(const latency_range& range);

    /// One lane of a connection whose network is not open: it is told when that changes.
    void hold(std::shared_ptr<connection> which, unsigned lane);
    void release_held();

    void clear();

private:
    struct link {
        bool blocked = false;
        nanoseconds_t free_at = 0;  // the last bit of what was sent before has left
    };

    world& in_;
    std::vector<std::unique_ptr<host>> hosts_;
    std::map<std::pair<host_id, host_id>, link> links_;  // from, to
    std::size_t blocked_ = 0;
    std::vector<std::pair<std::shared_ptr<connection>, unsigned>> held_;
};

}  // namespace mioco::detail::sim
