// SPDX-License-Identifier: MPL-2.0
#include <mioco/detail/io_arm.hpp>

#include <poll.h>

#include <mioco/detail/socket_io.hpp>

#include "io/wait_ready.hpp"
#include "sched/wake.hpp"
#include "wait/waiter_access.hpp"

namespace mioco::detail {

namespace {

constexpr unsigned ways = 2;

side side_of(unsigned way) noexcept { return static_cast<side>(way); }

unsigned bit_of(unsigned way) noexcept { return 1U << way; }

short events_of(unsigned way) noexcept {
    return side_of(way) == side::read ? POLLIN | POLLRDHUP : POLLOUT;
}

}  // namespace

io_arm::io_arm(const fd_ref& fd, io_ways wanted) noexcept
    : select_arm(kind::hinted), ref_(&fd), wanted_(wanted) {
    look_up();
}

void io_arm::look_up() noexcept {
    fd_ = ref_->get();
    if (fd_ != nullptr) generation_ = fd_->generation.load(std::memory_order_relaxed);
}

bool io_arm::wants(unsigned way) const noexcept {
    return (static_cast<unsigned>(wanted_) & bit_of(way)) != 0;
}

bool io_arm::is_gone() const noexcept {
    return fd_ == nullptr || fd_->is_closed() ||
           fd_->generation.load(std::memory_order_acquire) != generation_;
}

// What is gone counts as ready: the call that follows returns the error.
bool io_arm::looks_ready(unsigned way) {
    if (is_gone()) return true;
    const fiber& self = current_waiter();
    fd_side& s = (*fd_)[side_of(way)];
    const bool reads = side_of(way) == side::read;
    if (reads && !self.is_thread && !places_[way].must_look && s.seen_drained(self.index) &&
        !s.slot().is_ready())
        return false;
    places_[way].must_look = false;
    s.begin_attempt(self.index);
    driver& io = self.is_thread ? current_driver() : self.on->io();
    // An event may be old, so poll(2) has the last word.
    if (io.ready_now(fd_->number.load(std::memory_order_relaxed), events_of(way)) != 0) return true;
    if (reads && !self.is_thread) note_drained(self, *fd_, side::read);
    return false;
}

// A case of a list may be used again, and its object have another descriptor by then.
void io_arm::begin() noexcept {
    look_up();
    failure_ = 0;
    for (place& each : places_) each.must_look = true;
}

bool io_arm::try_take() {
    unsigned ready = 0;
    for (unsigned way = 0; way < ways; ++way) {
        if (wants(way) && looks_ready(way)) ready |= bit_of(way);
    }
    ready_ = static_cast<io_ways>(ready);
    if (ready == 0 && failure_ < 0) throw_unwatched(failure_, "a select's wait for a descriptor");
    return ready != 0;
}

bool io_arm::arm_one(unsigned way, const select_waiter& who) noexcept {
    fd_side& s = (*fd_)[side_of(way)];
    place& here = places_[way];
    const auto found = s.slot().arm(select_access::token(who));
    here.in_slot = found == fd_side::arming::armed;
    if (here.in_slot) return true;
    here.must_look = true;
    if (found != fd_side::arming::occupied) return false;
    here.queued.token = select_access::token(who).raw();
    return s.enqueue(here.queued);
}

void io_arm::disarm_one(unsigned way, const select_waiter& who) noexcept {
    fd_side& s = (*fd_)[side_of(way)];
    place& here = places_[way];
    if (here.in_slot) {
        s.slot().disarm(select_access::token(who));
    } else {
        s.dequeue(here.queued);
    }
    here.in_slot = false;
    s.pass_on(waker());
}

bool io_arm::arm(const select_waiter& who) noexcept {
    if (is_gone()) return false;
    fiber* const self = current_fiber();
    if (self != nullptr && fd_->watcher.load(std::memory_order_acquire) != &self->on->events()) {
        failure_ = event_wait::watch_elsewhere(*self, *fd_, self->on->events());
        if (failure_ < 0) return false;
    }
    for (unsigned way = 0; way < ways; ++way) {
        if (!wants(way) || arm_one(way, who)) continue;
        if (way > 0 && wants(0)) disarm_one(0, who);
        return false;
    }
    return true;
}

void io_arm::disarm(const select_waiter& who) noexcept {
    for (unsigned way = 0; way < ways; ++way) {
        if (wants(way)) disarm_one(way, who);
    }
}

bool io_arm::poll_entry(pollfd& entry) const noexcept {
    if (fd_ == nullptr) return false;
    entry = {fd_->number.load(std::memory_order_relaxed), 0, 0};
    for (unsigned way = 0; way < ways; ++way) {
        if (wants(way)) entry.events = static_cast<short>(entry.events | events_of(way));
    }
    return true;
}

}  // namespace mioco::detail
