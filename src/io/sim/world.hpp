// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>

#include "io/sim/deliveries.hpp"
#include "io/sim/descriptors.hpp"
#include "io/sim/generator.hpp"
#include "io/sim/network.hpp"
#include "io/sim/settings.hpp"
#include "io/sim/trace.hpp"
#include "io/sim/turns.hpp"

namespace mioco::detail::sim {

/// All that a simulation has in place of the kernel and of what is behind it: a clock that stands still until it is advanced, chance, what
/// is under way, hosts and what connects them, and what is open. The same settings, the same calls in the same order, the same run.
/// Used by one OS thread only.
class world {
public:
    /// Throws std::invalid_argument for settings that make no sense. Both must outlive what is made of it.
    world(const settings& wanted, turns& whose);
    ~world();
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    // Time
    [[nodiscard]] nanoseconds_t now() const noexcept { return now_; }
    /// When the earliest of what is under way arrives; `never` if there is nothing.
    [[nodiscard]] nanoseconds_t next_delivery() const noexcept { return under_way_.next(); }
    /// To a later time, or not at all. Nothing arrives by that alone: see `run_due`.
    void advance_to(nanoseconds_t when) noexcept {
        if (when > now_) now_ = when;
    }
    /// What is due arrives, and the pollers that it concerns have news. Whether there was something.
    bool run_due();
    void post(nanoseconds_t when, std::shared_ptr<deliverable> what, std::uint64_t tag = 0) {
        under_way_.post(when, std::move(what), tag);
    }

    // Chance
    std::uint64_t draw() noexcept { return chances_.draw(); }
    std::uint64_t below(std::uint64_t count) noexcept { return chances_.below(count); }
    bool chance(double rate) noexcept { return chances_.chance(rate); }

    // Hosts, by name: std::invalid_argument for one that is not known
    /// Adds it, unless it is known already.
    host_id add_host(std::string_view name) { return net_.add(name); }
    [[nodiscard]] host_id host(std::string_view name) const { return net_.known(name); }
    /// Between the two nothing arrives, in either direction, until they are healed. A connection goes on then, unless it has been given up.
    void partition(std::string_view one, std::string_view other);
    /// The same of one direction.
    void block(std::string_view from, std::string_view to);
    void heal(std::string_view one, std::string_view other);
    void heal_all();
    /// All that the host has open is gone, and those whom it spoke to are not told. Of its files that stays which had been
    /// synced, and of the rest what is drawn. The calls of who is left there fail with EIO, also after a restart.
    void crash(std::string_view name);
    void restart(std::string_view name);

    // What happened
    [[nodiscard]] const trace& log() const noexcept { return log_; }
    void note(host_id host, act what, std::uint64_t object, std::int64_t count) {
        log_.note(now_, host, net_.name(host), what, object, count);
    }
    void note_content(std::span<const std::byte> bytes) noexcept { log_.content(bytes); }
    /// How many descriptors are open.
    [[nodiscard]] std::size_t open_descriptors() const noexcept { return table_.count(); }
    [[nodiscard]] std::size_t open_descriptors(std::string_view name) const {
        return table_.count(host(name));
    }
    /// How many deliveries are under way.
    [[nodiscard]] std::size_t under_way() const noexcept { return under_way_.size(); }

    // For the parts of the emulated kernel
    [[nodiscard]] const settings& wanted() const noexcept { return settings_; }
    [[nodiscard]] const fault_rates& faults() const noexcept { return settings_.faults; }
    [[nodiscard]] network& net() noexcept { return net_; }
    [[nodiscard]] sim::host& here() noexcept { return net_.at(current_host()); }
    /// Whether a crash has cut the caller off: its calls fail with EIO.
    [[nodiscard]] bool is_cut_off() noexcept { return !here().is_up || turns_.is_left_over(); }
    [[nodiscard]] descriptor_table& table() noexcept { return table_; }
    [[nodiscard]] turns& whose() noexcept { return turns_; }
    [[nodiscard]] host_id current_host() noexcept { return turns_.current_host(); }
    std::uint64_t next_id() noexcept { return ++ids_; }
    /// What takes the place of a descriptor that is disabled: never connected.
    file_ref dead_socket();
    std::uint64_t add_file(open_file& file);
    void remove_file(const open_file& file) noexcept { files_.erase(file.id()); }

private:
    settings settings_;
    turns& turns_;
    generator chances_;
    trace log_;
    nanoseconds_t now_ = 1'000'000'000;
    std::uint64_t ids_ = 0;
    deliveries under_way_;
    std::map<std::uint64_t, open_file*> files_;  // all that live, also those that are closed
    network net_;
    descriptor_table table_;
    file_ref dead_;
};

}  // namespace mioco::detail::sim
