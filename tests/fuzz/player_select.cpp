// SPDX-License-Identifier: MPL-2.0
#include "fuzz/player.hpp"

namespace mioco_fuzz {

using enum act;

/// A case, with what is to be told when it has won and when it has not.
struct player::arm {
    mioco::any_case what;
    std::function<void(mioco::any_case&)> won;
    std::function<void()> lost = [] {};
    wait_board::reason why_not = [] { return std::string(); };
    std::optional<std::chrono::microseconds> limit = {};
    std::function<void()> passed_over = [] {};  // after `lost`, when `otherwise` has won
    std::optional<unsigned> joins = {};
    bool is_otherwise = false;
};

void player::select(const operation& one) {
    const std::uint64_t call = in_->log.tick();
    std::vector<arm> arms;
    for (const operation& each : one.body) {
        if (auto made = arm_of(each, call, arms.size())) arms.push_back(std::move(*made));
    }
    if (arms.empty()) return;
    std::vector<mioco::any_case> cases;
    std::vector<wait_board::reason> why_not;
    std::chrono::microseconds limit = std::chrono::hours(1);
    for (arm& each : arms) {
        cases.push_back(std::move(each.what));
        why_not.push_back(each.why_not);
        if (each.limit) limit = std::min(limit, *each.limit);
    }
    const auto began = virtual_now();
    std::size_t winner = cases.size();
    std::exception_ptr thrown;
    try {
        const waits here(*this, one, std::move(why_not));
        winner = mioco::select(cases);
    } catch (...) {
        thrown = std::current_exception();
        winner = joined_of(arms);
    }
    if (winner == cases.size()) {
        for (arm& each : arms) each.lost();
        std::rethrow_exception(thrown);
    }
    if (limit < std::chrono::hours(1))
        check_limit(in_->log, name_of(one), limit, virtual_now() - began, false, slack);
    for (std::size_t i = 0; i < arms.size(); ++i) {
        if (i != winner) arms[i].lost();
    }
    for (const arm& each : arms) {
        if (arms[winner].is_otherwise) each.passed_over();
    }
    if (thrown) {
        check_join(*in_, *arms[winner].joins, [&]() -> int { std::rethrow_exception(thrown); });
    } else {
        arms[winner].won(cases[winner]);
    }
}

// The one that was joined, as a select throws what its result throws; or none.
std::size_t player::joined_of(const std::vector<arm>& arms) const {
    for (std::size_t i = 0; i < arms.size(); ++i) {
        if (arms[i].joins && !children_.at(*arms[i].joins).joinable()) return i;
    }
    return arms.size();
}

std::optional<player::arm> player::arm_of(const operation& one, std::uint64_t call,
                                          std::size_t number) {
    switch (kind_of(one.what)) {
        case kind::channel:
        case kind::oneshot:
            return channel_arm(one, call * queue_history::arms + number);
        case kind::news:
        case kind::watch:
            return news_arm(one);
        case kind::mutex:
        case kind::semaphore:
            return lock_arm(one);
        case kind::event:
        case kind::latch:
        case kind::group:
            return flag_arm(one, call);
        case kind::stream:
            return stream_arm(one);
        case kind::fiber:
            return join_arm(one);
        default:
            return time_arm(one);
    }
}

std::optional<player::arm> player::channel_arm(const operation& one, queue_history::call_id call) {
    if (one.what == receive_once) {
        oneshot_object& it = *in_->oneshots[one.object];
        if (std::exchange(it.is_receiving, true)) return std::nullopt;
        it.known.receive_begins(call);
        return arm{mioco::any_case(it.rx->receiving()),
                   [&it, call](mioco::any_case& from) {
                       it.is_receiving = false;
                       const auto got = from.take<std::optional<item>>();
                       got ? it.known.receive_ends(call, got->id())
                           : it.known.receive_gives_up(call);
                       if (!got) it.known.check_closed();
                   },
                   [&it, call] {
                       it.is_receiving = false;
                       it.known.receive_gives_up(call);
                   },
                   [&it, call] { return it.known.why_not_receiving(call); }};
    }
    channel_object& it = *in_->channels[one.object];
    if (one.what == receive) {
        if (!it.rx) return std::nullopt;
        it.known.receive_begins(call);
        return arm{mioco::any_case(it.rx.receiving()),
                   [&it, call, keeps = it.rx](mioco::any_case& from) {
                       const auto got = from.take<std::optional<item>>();
                       got ? it.known.receive_ends(call, got->id())
                           : it.known.receive_gives_up(call);
                       if (!got) it.known.check_closed();
                   },
                   [&it, call] { it.known.receive_gives_up(call); },
                   [&it, call] { return it.known.why_not_receiving(call); },
                   {},
                   [&it, call] { it.known.check_empty(call); }};
    }
    if (!it.tx) return std::nullopt;
    const int id = in_->next_item++;
    it.known.send_begins(call, id);
    return arm{mioco::any_case(it.tx.sending(item(id))),
               [&it, call, keeps = it.tx](mioco::any_case& from) {
                   const auto back = from.take<std::optional<item>>();
                   back ? it.known.send_refused(call, back->id()) : it.known.send_ends(call);
                   if (back) it.known.check_closed();
               },
               [&it, call] { it.known.withdraw(call); },
               [&it, call] { return it.known.why_not_sending(call); }};
}

std::optional<player::arm> player::news_arm(const operation& one) {
    if (one.what == hear) {
        news_object& it = *in_->news[one.object];
        const auto found = hears_.find(one.object);
        if (found == hears_.end()) return std::nullopt;
        auto& [rx, position] = found->second;
        return arm{mioco::any_case(rx.receiving()),
                   [this, &it, number = one.object](mioco::any_case& from) {
                       heard(it, number, from.take<std::optional<mioco::broadcast_item<int>>>());
                   },
                   [] {},
                   [&it, &at = position] {
                       return at < it.sent.size() ? it.name + " has an item" : std::string();
                   }};
    }
    watch_object& it = *in_->watches[one.object];
    const auto found = watches_.find(one.object);
    if (found == watches_.end()) return std::nullopt;
    auto& [rx, seen] = found->second;
    return arm{
        mioco::any_case(rx.changing()),
        [this, &it, number = one.object](mioco::any_case& from) {
            changed(it, number, from.take<std::shared_ptr<const int>>());
        },
        [] {},
        [&it, &last = seen] { return last < it.value ? it.name + " has changed" : std::string(); }};
}

std::optional<player::arm> player::lock_arm(const operation& one) {
    if (one.what == act::take_permit) {
        semaphore_object& it = *in_->semaphores[one.object];
        it.known.begins();
        return arm{mioco::any_case(it.real.acquiring()),
                   [&it](mioco::any_case&) { it.known.taken(); }, [&it] { it.known.gives_up(); },
                   [&it] { return it.known.why_not_waiting(); }};
    }
    auto& it = *in_->mutexes[one.object];
    const std::uint64_t call = in_->log.tick();
    it.known.begins(call);
    return arm{mioco::any_case(it.real.locking()),
               [&it, call](mioco::any_case& from) {
                   auto held = from.take<std::unique_lock<mioco::mutex>>();
                   it.known.taken(call);
                   const held_until last([&] {
                       it.known.given_back();
                       held.unlock();
                   });
                   mioco::yield();
               },
               [&it, call] { it.known.gives_up(call); },
               [&it] { return it.known.why_not_waiting(); }};
}

std::optional<player::arm> player::flag_arm(const operation& one, std::uint64_t call) {
    const auto of = [&](condition_history& known, mioco::any_case what) {
        return arm{std::move(what), [&known, call](mioco::any_case&) { known.check_held(call); },
                   [] {}, [&known] { return known.why_not_waiting(); }};
    };
    if (one.what == wait_event) {
        event_object& it = *in_->events[one.object];
        return of(it.known, mioco::any_case(it.real.waiting()));
    }
    if (one.what == wait_latch) {
        auto& it = *in_->latches[one.object];
        return of(it.known, mioco::any_case(it.real.opening()));
    }
    auto& it = *in_->groups[one.object];
    return of(it.known, mioco::any_case(it.real.waiting()));
}

std::optional<player::arm> player::stream_arm(const operation& one) {
    stream_end& end = in_->streams[one.object / 2]->ends[one.object % 2];
    if (end.host != host_) return std::nullopt;
    const auto visited = [&](auto& io) -> std::optional<arm> {
        if (one.what == wait_readable) {
            if constexpr (requires { io.readable(); }) {
                return arm{mioco::any_case(io.readable()), [](mioco::any_case&) {}, [] {},
                           [&end] { return end.in->why_not_readable(); }};
            }
        } else if constexpr (requires { io.writable(); }) {
            return arm{mioco::any_case(io.writable()), [](mioco::any_case&) {}, [] {},
                       [&end] { return end.out->why_not_writing(); }};
        }
        return std::nullopt;
    };
    return std::visit(visited, end.io);
}

std::optional<player::arm> player::time_arm(const operation& one) {
    const auto over = [] { return std::string("its limit is over"); };
    const auto limit = limit_of(one);
    if (one.what == otherwise) {
        arm made{mioco::any_case(mioco::otherwise), [](mioco::any_case&) {}, [] {}, over,
                 std::chrono::microseconds(0)};
        made.is_otherwise = true;
        return made;
    }
    const auto due = virtual_now() + limit;
    const auto not_early = [this, due](mioco::any_case&) {
        if (virtual_now() < due) in_->log.fail("a time came early as a case of select");
    };
    if (one.what == after)
        return arm{mioco::any_case(mioco::after(limit)), not_early, [] {}, over, limit};
    return arm{mioco::any_case(mioco::timer(due).expiring()), not_early, [] {}, over, limit};
}

std::optional<player::arm> player::join_arm(const operation& one) {
    const auto found = children_.find(one.object);
    if (found == children_.end() || !found->second.joinable()) return std::nullopt;
    auto& handle = found->second;
    return arm{mioco::any_case(handle.joining()),
               [this, fiber = one.object](mioco::any_case& from) {
                   check_join(*in_, fiber, [&] { return from.take<int>(); });
               },
               [] {},
               [this, fiber = one.object] {
                   return in_->fibers.has_ended(fiber) ? std::string("it has ended")
                                                       : std::string();
               },
               {},
               [] {},
               one.object};
}

}  // namespace mioco_fuzz
