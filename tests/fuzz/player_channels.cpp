// SPDX-License-Identifier: MPL-2.0
#include "fuzz/player.hpp"

namespace mioco_fuzz {

using enum act;

bool player::play_channel(const operation& one) {
    channel_object& it = *in_->channels[one.object];
    switch (one.what) {
        case close_channel:
            // By an end that was dropped nothing is closed.
            if (one.amount % 2 == 0 ? !it.tx : !it.rx) return true;
            it.known.close();
            one.amount % 2 == 0 ? it.tx.close() : it.rx.close();
            return true;
        case drop_senders:
            it.known.drop_senders();
            it.tx = {};
            return true;
        case drop_receivers:
            it.known.drop_receivers();
            it.rx = {};
            return true;
        case receive_all:
            while (receive_one(it, one)) {
            }
            return true;
        case receive:
        case try_receive:
        case receive_for:
        case receive_until:
            return receive_one(it, one), true;
        default:
            return send_one(it, one);
    }
}

bool player::send_one(channel_object& to, const operation& one) {
    const mioco::sender<item> tx = to.tx;
    if (!tx) return true;
    const auto call = in_->log.tick() * queue_history::arms;
    item given(in_->next_item++);
    const int id = given.id();
    std::optional<item> back;
    to.known.send_begins(call, id);
    try {
        if (one.what == try_send) {
            back = tx.try_send(std::move(given));
            if (back && !tx.is_closed()) to.known.check_full(call);
        } else if (one.what == send) {
            const waits here(*this, one, {[&] { return to.known.why_not_sending(call); }});
            try {
                tx.send(std::move(given));
            } catch (const mioco::send_error<item>& e) {
                back.emplace(std::move(e.item()));
                to.known.check_closed();
            }
        } else {
            const auto timed_out = [&](const std::optional<item>& result) {
                return result && !tx.is_closed();
            };
            back = limited(
                one,
                [&] {
                    if (one.what == send_for)
                        return tx.try_send_for(std::move(given), limit_of(one));
                    return tx.try_send_until(std::move(given), virtual_now() + limit_of(one));
                },
                timed_out);
        }
    } catch (...) {
        to.known.withdraw(call);
        throw;
    }
    if (back && tx.is_closed()) to.known.check_closed();
    back ? to.known.send_refused(call, back->id()) : to.known.send_ends(call);
    return true;
}

bool player::receive_one(channel_object& from, const operation& one) {
    const mioco::receiver<item> rx = from.rx;
    if (!rx) return false;
    const auto call = in_->log.tick() * queue_history::arms;
    std::optional<item> got;
    from.known.receive_begins(call);
    try {
        if (one.what == try_receive) {
            got = rx.try_recv();
        } else if (one.what == receive || one.what == receive_all) {
            const waits here(*this, one, {[&] { return from.known.why_not_receiving(call); }});
            got = rx.recv();
            if (!got) from.known.check_closed();
        } else {
            got = limited(
                one,
                [&] {
                    if (one.what == receive_for) return rx.try_recv_for(limit_of(one));
                    return rx.try_recv_until(virtual_now() + limit_of(one));
                },
                [&](const auto& result) { return !result && !rx.is_closed(); });
        }
    } catch (...) {
        from.known.receive_gives_up(call);
        throw;
    }
    if (got) {
        from.known.receive_ends(call, got->id());
    } else {
        from.known.receive_gives_up(call);
        from.known.check_empty(call);
    }
    return got.has_value();
}

bool player::play_oneshot(const operation& one) {
    oneshot_object& it = *in_->oneshots[one.object];
    if (one.what == send_once) {
        send_oneshot(it);
    } else if (one.what == drop_once) {
        if (it.tx) it.known.close();
        it.tx.reset();
    } else {
        receive_oneshot(it, one);
    }
    return true;
}

void player::send_oneshot(oneshot_object& to) {
    if (!to.tx) return;
    auto tx = std::move(*to.tx);
    to.tx.reset();
    const auto call = in_->log.tick() * queue_history::arms;
    item given(in_->next_item++);
    to.known.send_begins(call, given.id());
    const auto back = std::move(tx).send(std::move(given));
    to.known.close();
    back ? to.known.send_refused(call, back->id()) : to.known.send_ends(call);
    if (back) in_->log.fail("a oneshot was refused while it has its receiver");
}

void player::receive_oneshot(oneshot_object& from, const operation& one) {
    if (std::exchange(from.is_receiving, true)) return;
    const auto call = in_->log.tick() * queue_history::arms;
    std::optional<item> got;
    from.known.receive_begins(call);
    try {
        if (one.what == receive_once) {
            const waits here(*this, one, {[&] { return from.known.why_not_receiving(call); }});
            got = from.rx->recv();
            if (!got) from.known.check_closed();
        } else {
            got = limited(
                one, [&] { return from.rx->try_recv_for(limit_of(one)); },
                [&](const auto& result) { return !result && !from.known.is_closed(); });
        }
    } catch (...) {
        from.known.receive_gives_up(call);
        from.is_receiving = false;
        throw;
    }
    from.is_receiving = false;
    got ? from.known.receive_ends(call, got->id()) : from.known.receive_gives_up(call);
    if (!got) from.known.check_empty(call);
}

bool player::play_news(const operation& one) {
    if (one.what == set_watch || one.what == get_watch || one.what == await_watch) {
        watch_object& it = *in_->watches[one.object];
        if (one.what == set_watch && it.tx) {
            const auto tx = *it.tx;
            tx.send(++it.value);
        } else if (it.tx) {
            look_at(it, one);
        }
        return true;
    }
    news_object& it = *in_->news[one.object];
    if (one.what == broadcast && it.tx) {
        const auto tx = *it.tx;
        const int value = in_->next_item++;
        it.sent.push_back(value);
        tx.send(value);
    } else if (it.tx) {
        listen(it, one);
    }
    return true;
}

void player::listen(news_object& from, const operation& one) {
    const auto found = hears_.find(one.object);
    if (found == hears_.end()) {
        hears_.emplace(one.object, std::pair(from.tx->subscribe(), from.sent.size()));
        return;
    }
    auto& [rx, position] = found->second;
    const std::size_t there = from.sent.size();
    std::optional<mioco::broadcast_item<int>> got;
    if (one.what == try_hear) {
        got = rx.try_recv();
        if (!got && position < there)
            in_->log.fail(from.name + ": has an item, but none was heard");
    } else if (one.what == hear_for) {
        got = limited(
            one, [&] { return rx.try_recv_for(limit_of(one)); },
            [&](const auto& result) { return !result && from.tx; });
    } else {
        const std::size_t& at = position;
        const waits here(*this, one, {[&] {
            return at < from.sent.size() ? from.name + " has an item" : std::string();
        }});
        got = rx.recv();
        if (!got && from.tx) in_->log.fail(from.name + ": has ended while it has a sender");
    }
    heard(from, one.object, got);
}

void player::heard(news_object& from, unsigned number,
                   const std::optional<mioco::broadcast_item<int>>& got) {
    if (!got) return;
    std::size_t& position = hears_.at(number).second;
    const std::size_t at = position + got->missed;
    if (at >= from.sent.size() || from.sent[at] != got->value)
        return in_->log.fail(from.name + ": another item was heard than was sent");
    if (got->missed > 0 && from.sent.size() - position <= from.capacity)
        in_->log.fail(from.name + ": an item was lost to one who is not far behind");
    position = at + 1;
}

void player::look_at(watch_object& of, const operation& one) {
    const auto found = watches_.find(one.object);
    if (found == watches_.end()) {
        watches_.emplace(one.object, std::pair(of.tx->subscribe(), of.value));
        return;
    }
    auto& [rx, seen] = found->second;
    if (one.what == get_watch) {
        const int before = of.value;
        seen = *rx.get();
        if (seen < before || seen > of.value) in_->log.fail(of.name + ": has an old value");
        return;
    }
    const int& last = seen;
    const waits here(*this, one,
                     {[&] { return last < of.value ? of.name + " has changed" : std::string(); }});
    changed(of, one.object, rx.changed());
}

void player::changed(watch_object& of, unsigned number, const std::shared_ptr<const int>& got) {
    int& seen = watches_.at(number).second;
    if (!got) {
        if (of.tx) in_->log.fail(of.name + ": has ended while it has a sender");
        return;
    }
    if (*got <= seen || *got > of.value) in_->log.fail(of.name + ": tells of no change");
    seen = *got;
}

}  // namespace mioco_fuzz
