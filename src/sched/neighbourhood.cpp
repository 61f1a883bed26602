// SPDX-License-Identifier: MPL-2.0
#include "sched/neighbourhood.hpp"

#include <algorithm>
#include <array>

#include "debug/log.hpp"
#include "runtime/runtime_core.hpp"
#include "sched/worker.hpp"
#include "sched/worker_queue.hpp"

namespace mioco::detail {

watch_board& neighbourhood::board() const noexcept { return self_.home().board(); }

template <class Visit>
void neighbourhood::for_each_other(Visit visit) {
    const unsigned count = self_.home().worker_count();
    for (unsigned i = 1; i < count; ++i)
        visit(self_.home().worker_at((self_.number() + i) % count));
}

void neighbourhood::arrive() noexcept {
    views_.resize(self_.home().worker_count());
    board().count_busy();
}

void neighbourhood::depart() noexcept { board().count_idle(); }

bool neighbourhood::fall_asleep(nanoseconds_t now) noexcept {
    pauses_.begin(now);
    spun_ = false;
    board().count_idle();
    quiet_rounds_ = board().any_busy() ? 0 : quiet_rounds_ + 1;
    if (quiet_rounds_ > quiet_rounds_until_sleep) return watched_ = false;
    watching_ = board().try_watch();
    if (watching_ && now - looked_at_ > 2 * longest_interval_ns) begin_watching(now);
    watched_ = watching_;
    return watching_;
}

// What it knows of the others is old.
void neighbourhood::begin_watching(nanoseconds_t now) noexcept {
    interval_ns_ = shortest_interval_ns;
    looked_at_ = now;
    for_each_other([&](worker& other) { static_cast<void>(look(other, now)); });
}

void neighbourhood::wake_up(nanoseconds_t now) noexcept {
    if (watching_) board().stop_watching();
    watching_ = false;
    board().count_busy();
    pauses_.end(now);
}

void neighbourhood::rouse_a_watcher() noexcept {
    quiet_rounds_ = 0;
    interval_ns_ = shortest_interval_ns;
    if (board().is_watched()) return;
    self_.home().rouse_one(self_.number());
}

void neighbourhood::help() noexcept {
    const nanoseconds_t now = self_.home().io().now();
    // A busy worker needs time between two looks to show that it gets on.
    if (now - looked_at_ < shortest_interval_ns / 2) return;
    looked_at_ = now;
    attention wanted = attention::none;
    for_each_other([&](worker& other) { wanted = std::max(wanted, help(other, now)); });
    switch (wanted) {
        case attention::at_once:
            interval_ns_ = shortest_interval_ns;
            break;
        case attention::soon:
            interval_ns_ = std::min(2 * interval_ns_, held_up_interval_ns);
            break;
        case attention::none:
            interval_ns_ = std::min(2 * interval_ns_, longest_interval_ns);
            break;
    }
}

neighbour_view::findings neighbourhood::look(worker& other, nanoseconds_t now) noexcept {
    const neighbour_view::signs signs{other.queue_.position(),
                                      other.polls_.load(std::memory_order_relaxed),
                                      other.neighbours_.pauses_.value(), other.is_asleep()};
    return views_[other.number()].look(signs, now);
}

// At once: there was something to do, or will be at the next look if it goes on so. Soon: what may come to a worker that is held up
// has nobody else to see it.
neighbourhood::attention neighbourhood::help(worker& other, nanoseconds_t now) noexcept {
    const auto found = look(other, now);
    if (found.is_asleep) return attention::none;
    bool helped = found.may_be_stolen_from && steal_from(other, found.queue_end_before);
    if (found.is_held_up) helped |= relieve(other);
    if (helped || other.queue_.has_before(found.queue_end_before)) return attention::at_once;
    return found.is_held_up ? attention::soon : attention::none;
}

bool neighbourhood::find_waiting_elsewhere() noexcept {
    const nanoseconds_t now = self_.home().io().now();
    // A watcher whose sleeps are all cut short by little things to do has not looked for long; and where all who have time spend it
    // spinning, nobody else does.
    const bool looks_after_others = watched_ || (spun_ && !board().is_watched());
    if (looks_after_others && now - looked_at_ >= 2 * shortest_interval_ns) {
        help();
        return !self_.has_nothing_queued();
    }
    bool stolen = false;
    for_each_other([&](worker& other) {
        if (stolen) return;
        const std::uint32_t pauses = other.neighbours_.pauses_.value();
        stolen = steal_from(other, views_[other.number()].may_steal_up_to(pauses, now));
    });
    return stolen;
}

bool neighbourhood::steal_from(worker& other, std::uint64_t up_to) noexcept {
    if (!other.queue_.has_before(up_to) || !other.thieves_.begin()) return false;
    std::array<fiber*, decltype(other.queue_)::most_stolen> loot;
    const std::size_t count = other.queue_.steal(loot, up_to);
    other.thieves_.end();
    for (std::size_t i = 0; i < count; ++i) self_.queue(*loot[i]);
    if (count == 0) return false;
    self_.counts().stolen += count;
    MIOCO_LOG("takes %zu waiting fibers from worker %u", count, other.number());
    // Where there is much, one more may help, and so on.
    if (count > 1) self_.home().rouse_one(self_.number());
    return true;
}

// Does what `other` cannot do while a fiber holds it.
bool neighbourhood::relieve(worker& other) noexcept {
    other.poller_->wait(0, self_.most_events(), poller::caller::neighbour);
    other.timers_.fire(self_.home().io().now(), self_.timers_);
    fiber* delivered = other.inbox_.take_all();
    while (delivered != nullptr) {
        fiber& f = *delivered;
        delivered = f.next;
        if (f.pinned) {
            other.deliver(f);
        } else {
            ++self_.counts().arrived;
            self_.queue(f);
        }
    }
    if (self_.has_nothing_queued() && !other.next_.empty() && other.thieves_.begin()) {
        if (fiber* const f = other.next_.take()) self_.queue(*f);
        other.thieves_.end();
    }
    if (self_.has_nothing_queued()) return false;
    MIOCO_LOG("relieves worker %u", other.number());
    return true;
}

}  // namespace mioco::detail
