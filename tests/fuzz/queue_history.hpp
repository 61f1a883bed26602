// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "fuzz/journal.hpp"

namespace mioco_fuzz {

/// What was sent through a channel, and what came out: no item is lost, doubled, made up or overtaken, and nobody waits for nothing.
///
/// A call begins before it takes effect and ends after it. So what is certain of the queue is what holds whenever between the two
/// each call took effect.
class queue_history {
public:
    using item_id = int;
    /// When it began, times `arms`, plus which one it is among the cases of one select: those do not serve each other.
    using call_id = std::uint64_t;
    static constexpr call_id arms = 64;

    queue_history(journal& log, std::string name, std::optional<std::size_t> capacity)
        : log_(log), name_(std::move(name)), capacity_(capacity) {}

    void send_begins(call_id call, item_id item) {
        items_[item].send_begin = log_.tick();
        sending_[call] = item;
    }
    void send_ends(call_id call) {
        items_[sending_.at(call)].send_end = log_.tick();
        sending_.erase(call);
    }
    /// Gave the item back.
    void send_refused(call_id call, item_id came_back) {
        if (came_back != sending_.at(call))
            fail("a refused send gave another item back", came_back);
        withdraw(call);
    }
    /// As by a cancel: the item is gone, and must not come out.
    void withdraw(call_id call) {
        items_[sending_.at(call)].withdrawn = true;
        if (items_[sending_.at(call)].receive_end != 0)
            fail("an item was received, but not sent", sending_.at(call));
        sending_.erase(call);
    }
    /// A `try_send` found the queue full.
    void check_full(call_id call) {
        const std::uint64_t since = call / arms;
        if (capacity_ == 0U) return;
        std::size_t most = 0;
        for (const auto& [id, each] : items_)
            most +=
                !each.withdrawn && (each.receive_end == 0 || each.receive_end > since) ? 1U : 0U;
        // The refused one is among them.
        if (!capacity_ || most - 1 < *capacity_) fail("there was room, but a send was refused");
    }

    void receive_begins(call_id call) { receiving_[call] = log_.tick(); }
    void receive_ends(call_id call, item_id item) {
        const auto found = items_.find(item);
        if (found == items_.end()) return fail("an item came that nobody sent", item);
        entry& it = found->second;
        if (it.receive_end != 0) fail("an item came twice", item);
        if (it.withdrawn) fail("an item came whose send had failed", item);
        it.receive_begin = receiving_.at(call);
        it.receive_end = log_.tick();
        receiving_.erase(call);
    }
    void receive_gives_up(call_id call) { receiving_.erase(call); }
    /// Found the queue empty, when it was certain not to be.
    void check_empty(call_id call) {
        if (abandoned_ || queued(call / arms) <= receiving_.size()) return;
        fail("there was an item, but none was received");
    }
    /// Found it closed.
    void check_closed() {
        if (!may_be_closed_) fail("it was found closed, but nobody has closed it");
    }

    void close() { closed_ = may_be_closed_ = true; }
    /// Ends that are in use keep it open.
    void drop_senders() { senders_gone_ = may_be_closed_ = true; }
    /// The same; and then what is queued is lost.
    void drop_receivers() { receivers_gone_ = may_be_closed_ = abandoned_ = true; }
    [[nodiscard]] bool is_closed() const { return closed_; }

    // Once nothing moves any more: why a call that waits should not; empty if it should.
    [[nodiscard]] std::string why_not_receiving(call_id call) const {
        if (queued(~std::uint64_t{0}) > 0 && !abandoned_) return name_ + " has an item";
        if (closed_ || (senders_gone_ && sending_.empty())) return name_ + " is closed";
        if (is_other_than(sending_, call)) return name_ + " has a sender that waits";
        return {};
    }
    [[nodiscard]] std::string why_not_sending(call_id call) const {
        if (closed_ || (receivers_gone_ && receiving_.empty())) return name_ + " is closed";
        if (!capacity_ || queued(~std::uint64_t{0}) < *capacity_) return name_ + " has room";
        if (is_other_than(receiving_, call)) return name_ + " has a receiver that waits";
        return {};
    }

    /// When all is over and what was left was received. Items may be left where nobody could look any more.
    void check_end(bool all_received) {
        for (const auto& [id, each] : items_) {
            if (each.send_end != 0 && each.receive_end == 0 && all_received && !abandoned_)
                fail("an item was lost", id);
            if (each.receive_end == 0) continue;
            if (each.send_end == 0 && all_received) fail("an item came, but was not sent", id);
            for (const auto& [later, other] : items_) {
                if (each.send_end < other.send_begin && each.send_end != 0 &&
                    other.receive_end != 0 && other.receive_end < each.receive_begin)
                    fail("an item was overtaken by " + std::to_string(later), id);
            }
        }
    }

private:
    struct entry {
        std::uint64_t send_begin = 0, send_end = 0, receive_begin = 0, receive_end = 0;
        bool withdrawn = false;
    };

    template <class Calls>
    static bool is_other_than(const Calls& calls, call_id own) {
        return std::ranges::any_of(
            calls, [=](const auto& each) { return each.first / arms != own / arms; });
    }
    // Whose send had ended by then, and that are still there.
    [[nodiscard]] std::size_t queued(std::uint64_t since) const {
        return static_cast<std::size_t>(std::ranges::count_if(items_, [=](const auto& each) {
            const entry& it = each.second;
            return it.send_end != 0 && it.send_end <= since && it.receive_end == 0;
        }));
    }
    void fail(const std::string& what, std::optional<item_id> item = {}) {
        log_.fail(name_ + ": " + what + (item ? ": item " + std::to_string(*item) : ""));
    }

    journal& log_;
    std::string name_;
    std::optional<std::size_t> capacity_;
    std::map<item_id, entry> items_;
    std::map<call_id, item_id> sending_;
    std::map<call_id, std::uint64_t> receiving_;
    bool closed_ = false, may_be_closed_ = false, senders_gone_ = false, receivers_gone_ = false;
    bool abandoned_ = false;
};

}  // namespace mioco_fuzz
