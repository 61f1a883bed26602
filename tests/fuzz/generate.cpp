// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <initializer_list>
#include <random>
#include <span>

#include "fuzz/program.hpp"

// Makes a program up. It may wait for ever, but only so that the one who runs it can end all waits: who has a lock takes only locks that
// come later in one order, and joins nobody.

namespace mioco_fuzz {

namespace {

using enum act;

constexpr act in_time[] = {yield, yield, sleep, sleep_until, tick};
constexpr act on_channels[] = {
    send,           send,          send,         try_send,         send_for,
    send_until,     receive,       receive,      receive,          try_receive,
    receive_for,    receive_until, receive_all,  close_channel,    drop_senders,
    drop_receivers, send_once,     receive_once, receive_once_for, drop_once,
    broadcast,      broadcast,     hear,         try_hear,         hear_for,
    set_watch,      get_watch,     await_watch};
constexpr act with_body[] = {lock,        try_lock,       lock_for,       lock_until,
                             write_lock,  try_write_lock, write_lock_for, read_lock,
                             read_lock,   try_read_lock,  read_lock_for,  acquire,
                             try_acquire, acquire_for,    call_once};
constexpr act on_counts[] = {
    release_permit,  take_permit,  take_permit_for, add_ticket,   add_ticket_for_all, take_ticket,
    take_ticket_for, notify_event, reset_event,     wait_event,   wait_event_for,     try_event,
    count_down,      count_down,   wait_latch,      add_to_group, done_in_group,      wait_group,
    wait_group_for,  meet,         arrive_and_drop};
constexpr act on_streams[] = {
    write_all,   write_all, write_some,    try_write,     read_exactly,    read_some,
    read_some,   try_read,  read_lease,    wait_readable, wait_writable,   echo,
    end_writing, close_end, send_datagram, send_datagram, receive_datagram};
constexpr act as_cases[] = {send,       send,        receive,  receive,       receive_once,
                            hear,       await_watch, lock,     take_permit,   wait_event,
                            wait_latch, wait_group,  join,     wait_readable, wait_writable,
                            after,      expiring,    otherwise};
constexpr act on_fibers[] = {join,   join, detach,  drop_handle,   cancel,
                             cancel, fail, offload, block_in_place};
constexpr act around_others[] = {bounded, bounded, shielded, scope};

struct weights {
    unsigned time, channels, locks, counts, streams, fibers, around, select;
};

weights weights_of(theme about) {
    switch (about) {
        case theme::channels:
            return {2, 10, 1, 0, 0, 1, 1, 1};
        case theme::select:
            return {2, 5, 1, 2, 1, 1, 1, 12};
        case theme::locks:
            return {2, 0, 7, 7, 0, 1, 1, 2};
        case theme::network:
            return {2, 1, 0, 0, 12, 1, 1, 2};
        case theme::lifetimes:
            return {2, 2, 2, 2, 2, 8, 2, 2};
        case theme::interruptions:
            return {2, 4, 3, 4, 2, 5, 6, 3};
        case theme::mixed:
            break;
    }
    return {2, 3, 3, 3, 3, 3, 1, 3};
}

class generator {
public:
    generator(std::uint64_t seed, theme about)
        : random_(seed), about_(about), weight_(weights_of(about)) {
        made_.settings.seed = seed;
    }

    program make() {
        draw_settings();
        draw_objects();
        const unsigned count = 2 + below(10);
        made_.fibers.resize(count);
        for (unsigned i = 0; i < count; ++i) {
            const bool is_root = i == 0 || below(3) != 0;
            parents_.push_back(is_root ? i : below(i));
            made_.fibers[i].host = is_root ? below(hosts_) : made_.fibers[parents_[i]].host;
            if (is_root) made_.roots.push_back(i);
        }
        for (unsigned i = 0; i < count; ++i) fill(i);
        return std::move(made_);
    }

private:
    unsigned below(unsigned count) { return static_cast<unsigned>(random_() % count); }
    bool one_in(unsigned count) { return below(count) == 0; }
    template <class T>
    T one_of(std::initializer_list<T> list) {
        return list.begin()[below(static_cast<unsigned>(list.size()))];
    }

    void draw_settings() {
        auto& settings = made_.settings;
        settings.workers = 1 + below(3);
        hosts_ = about_ == theme::network ? 1 + below(3) : one_of({1U, 1U, 2U});
        settings.hosts = {"zero"};
        if (hosts_ > 1) settings.hosts.emplace_back("one");
        if (hosts_ > 2) settings.hosts.emplace_back("two");
        const auto rate = [&] { return one_of({0.0, 0.0, 0.05, 0.4}); };
        settings.faults.short_read = rate();
        settings.faults.short_write = rate();
        settings.faults.again = rate();
        settings.faults.interrupted = rate();
        settings.faults.spurious_event = rate();
        if (one_in(3)) settings.local_latency.most = std::chrono::microseconds(below(500));
        settings.send_buffer_bytes = one_of<std::size_t>({4096, 16'384, 212'992});
        settings.receive_buffer_bytes = one_of<std::size_t>({4096, 16'384, 212'992});
        settings.pipe_bytes = one_of<std::size_t>({4096, 65'536});
        if (one_in(about_ == theme::lifetimes ? 3 : 12))
            made_.stopped = host_stop{below(hosts_), one_of({1U, 50U, 500U, 5000U})};
    }

    void draw_objects() {
        const auto some = [&] { return 1 + below(2); };
        for (unsigned i = some(); i > 0; --i)
            made_.channels.push_back(
                one_of<std::optional<std::size_t>>({0, 0, 1, 2, 3, std::nullopt}));
        for (unsigned i = some(); i > 0; --i) made_.news.push_back(1 + below(3));
        for (unsigned i = some(); i > 0; --i) made_.semaphores.push_back(below(3));
        for (unsigned i = some(); i > 0; --i) made_.latches.push_back(1 + below(4));
        for (unsigned i = some(); i > 0; --i) made_.barriers.push_back(1 + below(3));
        if (weight_.streams > 0) {
            for (unsigned i = some(); i > 0; --i) made_.streams.push_back(draw_stream());
            made_.datagrams.push_back(below(hosts_));
        }
        for (unsigned* const each :
             {&made_.oneshots, &made_.watches, &made_.mutexes, &made_.shared_mutexes, &made_.onces,
              &made_.tickets, &made_.events, &made_.groups})
            *each = some();
    }

    stream_plan draw_stream() {
        stream_plan made;
        made.is =
            one_of({stream_kind::tcp, stream_kind::tcp, stream_kind::unix_pair, stream_kind::pipe});
        made.hosts[0] = below(hosts_);
        made.hosts[1] = made.is == stream_kind::tcp ? below(hosts_) : made.hosts[0];
        return made;
    }

    // The children come somewhere among the rest.
    void fill(unsigned fiber) {
        children_.clear();
        auto& list = made_.fibers[fiber].does;
        list = draw_list(3 + below(16), 0, true);
        for (unsigned i = fiber + 1; i < made_.fibers.size(); ++i) {
            if (parents_[i] != fiber) continue;
            const auto at =
                static_cast<std::ptrdiff_t>(below(static_cast<unsigned>(list.size()) + 1));
            list.insert(list.begin() + at, {.what = spawn, .object = i});
            children_.push_back(i);
            if (one_in(2)) list.push_back({.what = join, .object = i});
            if (!one_in(3)) continue;
            list.push_back(draw_with_child(i));
        }
    }

    operation draw_with_child(unsigned child) {
        if (one_in(2)) return {.what = one_of({join, detach, drop_handle}), .object = child};
        operation made{.what = select};
        made.body = draw_cases(1 + below(2), 0);
        made.body.push_back({.what = join, .object = child});
        return made;
    }

    std::vector<operation> draw_list(unsigned count, unsigned held, bool may_join) {
        std::vector<operation> made;
        for (unsigned i = 0; i < count; ++i) made.push_back(draw_one(held, may_join));
        return made;
    }

    act draw_act() {
        const std::pair<unsigned, std::span<const act>> groups[] = {
            {weight_.time, in_time},        {weight_.channels, on_channels},
            {weight_.locks, with_body},     {weight_.counts, on_counts},
            {weight_.streams, on_streams},  {weight_.fibers, on_fibers},
            {weight_.around, around_others}};
        unsigned all = weight_.select;
        for (const auto& [weight, list] : groups) all += weight;
        unsigned drawn = below(all);
        for (const auto& [weight, list] : groups) {
            if (drawn < weight) return list[below(static_cast<unsigned>(list.size()))];
            drawn -= weight;
        }
        return one_in(4) ? select_fixed : select;
    }

    // `held`: locks up to this place in the order may be held.
    operation draw_one(unsigned held, bool may_join) {
        const bool in_body = held > 0 || !may_join;
        operation made{.what = draw_act()};
        if (is_rare(made.what) && !one_in(4)) made.what = yield;
        if (in_body && (made.what == join || made.what == receive_all)) made.what = yield;
        if (!may_join && (made.what == detach || made.what == drop_handle || made.what == fail))
            made.what = sleep;
        if (about_ == theme::lifetimes && made.what == fail && one_in(3)) made.what = stop;
        if (made.what == scope && (in_body || !may_nest())) made.what = bounded;
        if (!may_join && (made.what == stop || made.what == offload || made.what == block_in_place))
            made.what = sleep;
        choose_object(made);
        made.amount = draw_amount(made.what);
        if (made.what == select) made.body = draw_cases(1 + below(4), in_body ? held : 0);
        if (made.what == select_fixed) made.body = draw_fixed();
        if (made.what == offload || made.what == block_in_place)
            made.body = draw_list(1 + below(2), held, false);
        if (made.what == bounded || made.what == shielded)
            made.body = draw_nested([&] { return draw_list(1 + below(4), held, may_join); });
        if (made.what == scope) made.body = draw_nested([&] { return draw_scope(); });
        if (std::ranges::find(with_body, made.what) != std::end(with_body)) {
            const unsigned place = place_of(made);
            if (place <= held) return {.what = yield};
            made.body = draw_list(below(3), place, may_join);
        }
        return made;
    }

    bool may_nest() const { return depth_ < most_depth; }
    template <class Draw>
    std::vector<operation> draw_nested(Draw draw) {
        if (!may_nest()) return {};
        ++depth_;
        auto made = draw();
        --depth_;
        return made;
    }

    std::vector<operation> draw_scope() {
        std::vector<operation> made;
        for (unsigned i = 1 + below(4); i > 0; --i) {
            operation one{.what = one_of({branch, branch, fork})};
            one.body = draw_list(1 + below(4), 0, true);
            made.push_back(std::move(one));
            if (one_in(3)) made.push_back(draw_one(0, true));
            if (one_in(8)) made.push_back({.what = cancel_scope});
        }
        return made;
    }

    static bool is_rare(act what) {
        return what == close_channel || what == drop_senders || what == drop_receivers ||
               what == fail || what == stop || what == close_end || what == end_writing ||
               what == drop_once;
    }

    unsigned draw_amount(act what) {
        if (what == scope) return below(3);
        switch (kind_of(what)) {
            case kind::stream:
                return one_of({1U, 10U, 300U, 5000U, 40'000U});
            case kind::semaphore:
            case kind::group:
            case kind::latch:
                if (what == release_permit || what == add_to_group || what == count_down)
                    return 1 + below(2);
                break;
            default:
                break;
        }
        return one_of({0U, 1U, 10U, 100U, 1000U, 20'000U}) + below(10);
    }

    void choose_object(operation& made) {
        const unsigned count = count_of(kind_of(made.what));
        if (count > 0) made.object = below(count);
        if (kind_of(made.what) == kind::fiber && !children_.empty())
            made.object = children_[below(static_cast<unsigned>(children_.size()))];
    }

    unsigned count_of(kind of) const {
        const std::size_t counts[kinds] = {made_.channels.size(),   made_.oneshots,
                                           made_.news.size(),       made_.watches,
                                           made_.mutexes,           made_.shared_mutexes,
                                           made_.semaphores.size(), made_.onces,
                                           made_.tickets,           made_.events,
                                           made_.latches.size(),    made_.groups,
                                           made_.barriers.size(),   made_.streams.size() * 2,
                                           made_.datagrams.size(),  made_.fibers.size()};
        return of == kind::none ? 0 : static_cast<unsigned>(counts[static_cast<std::size_t>(of)]);
    }

    // In the order in which locks are taken: from 1 on.
    static unsigned place_of(const operation& one) {
        return (static_cast<unsigned>(kind_of(one.what)) + 1) * 10 + one.object;
    }

    std::vector<operation> draw_cases(unsigned count, unsigned held) {
        std::vector<operation> made;
        while (made.size() < count) {
            operation one{.what = as_cases[below(static_cast<unsigned>(std::size(as_cases)))]};
            if (one.what == otherwise && !one_in(3)) one.what = after;
            if (one.what == join || (one.what == lock && held > 0)) one.what = receive;
            if (kind_of(one.what) != kind::none && count_of(kind_of(one.what)) == 0)
                one.what = after;
            choose_object(one);
            one.amount = draw_amount(one.what);
            made.push_back(std::move(one));
        }
        return made;
    }

    std::vector<operation> draw_fixed() {
        std::vector<operation> made{
            {.what = receive}, {.what = send}, {.what = one_in(2) ? after : otherwise}};
        for (operation& each : made) {
            choose_object(each);
            each.amount = draw_amount(each.what);
        }
        return made;
    }

    static constexpr unsigned most_depth = 3;

    std::mt19937_64 random_;
    unsigned depth_ = 0;  // of what is around others
    theme about_;
    weights weight_;
    unsigned hosts_ = 1;
    program made_;
    std::vector<unsigned> parents_;
    std::vector<unsigned> children_;  // of the fiber that is being filled
};

}  // namespace

program generate(std::uint64_t seed, theme about) { return generator(seed, about).make(); }

}  // namespace mioco_fuzz
