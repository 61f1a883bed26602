// SPDX-License-Identifier: MPL-2.0
#include "watchman.hpp"

#include <algorithm>
#include <tuple>

namespace store {

void watchman::watch() {
    for (;;) {
        if (!primary_answers()) fail_over();
        mioco::sleep_for(options_.interval);
    }
}

bool watchman::primary_answers() const {
    return primary_ != nullptr && ask(primary_->where, "PING", options_.patience) == "PRIMARY";
}

// A majority is asked to obey nobody older any more. Each acknowledged write is known to one of them, as it was to a majority; and no
// older primary finds a majority for another one from now on.
void watchman::fail_over() {
    if (primary_ != nullptr) options_.tell(primary_->name + " does not answer as the primary");
    ++epoch_;
    primary_ = nullptr;
    const auto fenced = fence_all();
    if (2 * fenced.size() <= options_.servers.size()) return;  // no majority: the next time
    const auto chosen = std::ranges::max_element(
        fenced, [this](const auto& one, const auto& other) { return is_behind(one, other); });
    primary_ = chosen->server;
    options_.tell("promotes " + primary_->name + " for epoch " + std::to_string(epoch_));
    ask(primary_->where, "PROMOTE " + std::to_string(epoch_), options_.patience);
}

bool watchman::is_behind(const candidate& one, const candidate& other) const {
    if (options_.promotes_the_longest) return one.end.length < other.end.length;
    // A long log proves nothing: that of a primary which was cut off ends in writes that no other has, and that were never acknowledged.
    // Who has an entry of a later epoch has all that was acknowledged before, as the primary of that epoch began with it.
    return std::tie(one.end.epoch, one.end.length) < std::tie(other.end.epoch, other.end.length);
}

// All at once, as each may take its time.
std::vector<watchman::candidate> watchman::fence_all() const {
    std::vector<mioco::join_handle<std::optional<candidate>>> asked;
    for (const address& each : options_.servers)
        asked.push_back(mioco::spawn([this, &each] { return fence(each); }));
    std::vector<candidate> fenced;
    for (auto& each : asked) {
        if (const auto answered = each.join()) fenced.push_back(*answered);
    }
    return fenced;
}

std::optional<watchman::candidate> watchman::fence(const address& server) const {
    const auto reply = ask(server.where, "FENCE " + std::to_string(epoch_), options_.patience);
    if (!reply || !reply->starts_with("LOG ")) return std::nullopt;
    const auto words = words_of(*reply);
    const position end{number_in(words, 1), number_in(words, 2)};
    options_.tell(server.name + " has " + std::to_string(end.length) +
                  " entries, the last of epoch " + std::to_string(end.epoch));
    return candidate{&server, end};
}

}  // namespace store
