// SPDX-License-Identifier: MPL-2.0
#include "fuzz/player.hpp"

namespace mioco_fuzz {

namespace {

struct outcome {
    std::size_t won = 0;
    std::optional<int> item = {};
};

template <class Result>
outcome outcome_of(Result&& got) {
    outcome made{.won = got.index()};
    std::visit(
        [&](auto& result) {
            if constexpr (requires { result->id(); }) {
                if (result) made.item = result->id();
            }
        },
        got);
    return made;
}

}  // namespace

// A select whose cases are known when it is compiled goes ways of its own. Here: receiving, sending, and a time or `otherwise`.
void player::select_fixed(const operation& one) {
    channel_object& from = *in_->channels[one.body[0].object];
    channel_object& to = *in_->channels[one.body[1].object];
    const operation& last = one.body[2];
    const mioco::receiver<item> rx = from.rx;
    const mioco::sender<item> tx = to.tx;
    if (!rx || !tx) return;
    const auto call = in_->log.tick() * queue_history::arms;
    const int id = in_->next_item++;
    const auto began = virtual_now();
    from.known.receive_begins(call);
    to.known.send_begins(call, id);
    outcome got;
    try {
        const waits here(*this, one,
                         {[&] { return from.known.why_not_receiving(call); },
                          [&] { return to.known.why_not_sending(call); },
                          [] { return std::string("its limit is over"); }});
        if (last.what == act::after) {
            got = outcome_of(
                mioco::select(rx.receiving(), tx.sending(item(id)), mioco::after(limit_of(last))));
        } else {
            got = outcome_of(mioco::select(rx.receiving(), tx.sending(item(id)), mioco::otherwise));
        }
    } catch (...) {
        from.known.receive_gives_up(call);
        to.known.withdraw(call);
        throw;
    }
    if (last.what == act::after)
        check_limit(in_->log, name_of(one), limit_of(last), virtual_now() - began, got.won == 2,
                    slack);
    if (got.won == 0 && got.item) {
        from.known.receive_ends(call, *got.item);
    } else {
        from.known.receive_gives_up(call);
        if (got.won == 0) from.known.check_closed();
    }
    if (got.won == 2 && last.what == act::otherwise) {
        from.known.check_empty(call);
        if (!tx.is_closed()) to.known.check_full(call);
    }
    if (got.won != 1) return to.known.withdraw(call);
    got.item ? to.known.send_refused(call, *got.item) : to.known.send_ends(call);
    if (got.item) to.known.check_closed();
}

}  // namespace mioco_fuzz
