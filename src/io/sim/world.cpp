// SPDX-License-Identifier: MPL-2.0
#include "io/sim/world.hpp"

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "io/sim/open_file.hpp"
#include "io/sim/unix_socket.hpp"

namespace mioco::detail::sim {

namespace {

settings checked_settings(settings wanted) {
    check(wanted);
    return wanted;
}

}  // namespace

world::world(const settings& wanted, turns& whose)
    : settings_(checked_settings(wanted)),
      turns_(whose),
      chances_(wanted.seed),
      log_(wanted.on_event),
      net_(*this),
      table_(wanted.most_descriptors) {
    for (const std::string& each : settings_.hosts) net_.add(each);
}

// Sockets may hold each other, and themselves in what is on its way to them.
world::~world() {
    std::vector<std::shared_ptr<open_file>> all;
    for (const auto& [id, file] : files_) {
        if (auto held = file->weak_from_this().lock()) all.push_back(std::move(held));
    }
    for (const auto& each : all) each->drop_contents();
    table_.clear();
    dead_.reset();
    under_way_.clear();
    net_.clear();
    all.clear();
    under_way_.clear();
}

bool world::run_due() {
    if (next_delivery() > now_) return false;
    while (next_delivery() <= now_) {
        const deliveries::one first = under_way_.pop();
        first.what->arrive(first.tag);
    }
    return true;
}

file_ref world::dead_socket() {
    if (!dead_) dead_ = file_ref(std::make_shared<unix_socket>(*this, host_id{0}, SOCK_STREAM));
    return dead_.share();
}

std::uint64_t world::add_file(open_file& file) {
    const std::uint64_t id = next_id();
    files_.emplace(id, &file);
    return id;
}

void world::partition(std::string_view one, std::string_view other) {
    block(one, other);
    block(other, one);
}

void world::block(std::string_view from, std::string_view to) {
    const host_id source = host(from);
    const host_id target = host(to);
    if (source == target)
        throw std::invalid_argument("mioco: simulation: nothing lies between \"" +
                                    std::string(from) + "\" and itself");
    note(source, act::partitioned, source, target);
    net_.set_blocked(source, target, true);
}

void world::heal(std::string_view one, std::string_view other) {
    const host_id first = host(one);
    note(first, act::healed, first, host(other));
    net_.set_blocked(first, host(other), false);
    net_.set_blocked(host(other), first, false);
    net_.release_held();
}

void world::heal_all() {
    note(0, act::healed, 0, -1);
    net_.unblock_all();
    net_.release_held();
}

void world::crash(std::string_view name) {
    const host_id gone = host(name);
    if (!std::exchange(net_.at(gone).is_up, false)) return;
    ++net_.at(gone).crashes;
    note(gone, act::crashed, gone, 0);
    std::vector<std::shared_ptr<open_file>> all;
    for (const auto& [id, file] : files_) {
        if (file->host() != gone) continue;
        if (auto held = file->weak_from_this().lock()) all.push_back(std::move(held));
    }
    for (const auto& each : all) each->crash();
    net_.at(gone).forget_sockets();
    net_.at(gone).files.crash();
}

void world::restart(std::string_view name) {
    const host_id back = host(name);
    if (std::exchange(net_.at(back).is_up, true)) return;
    note(back, act::restarted, back, 0);
    net_.release_held();
}

}  // namespace mioco::detail::sim
