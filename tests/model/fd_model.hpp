// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <deque>

#include "io/fd_side.hpp"
#include "model/model_fiber.hpp"

namespace mioco::model {

/// The kernel's side of a descriptor, as epoll's edges show it.
struct model_socket {
    atomic<int> items;
    atomic<int> edge;  // an event that no poller has fetched

    void arrives(int count) {
        items.fetch_add(count);
        edge.store(1);
    }

    /// Up to `room` items; 0 is EAGAIN.
    int take(int room) {
        int there = items.load();
        while (there > 0) {
            const int taken = there < room ? there : room;
            if (items.compare_exchange_strong(there, there - taken)) return taken;
        }
        return 0;
    }
};

/// What a scenario leaves out, to be caught.
struct fd_faults {
    bool keeps_the_baton = false;
    bool stays_queued = false;
    bool arms_anyhow = false;  // waits though somebody else has consumed an event since its attempt
    bool keeps_what_it_saw =
        false;  // a call that fails leaves standing that an earlier one drained the kernel
    bool any_read_drains = false;  // takes a full buffer for "the kernel has no more"
    bool closes_the_slot_only = false;
};

/// Fibers that call read, one poller and others, around one fd_side.
template <class Sync>
class fd_model {
public:
    using fiber = model_fiber<Sync>;
    using side_type = detail::basic_fd_side<Sync>;
    using arming = typename side_type::arming;
    // What a read returns beside a count.
    static constexpr int try_again = 0;
    static constexpr int was_closed = -1;
    static constexpr int was_cancelled = -2;
    static constexpr int had_no_memory = -3;

    fd_model(checker& run, unsigned callers, fd_faults faults = {}) : faults(faults) {
        run.name(side, "side");
        run.name(socket.items, "items");
        run.name(socket.edge, "edge");
        run.name(closed, "closed");
        run.name(running, "running");
        constexpr const char* names[] = {"A", "B", "C"};
        for (unsigned i = 1; i <= callers; ++i) run.name(fibers.emplace_back(i), names[i - 1]);
        running.store(static_cast<int>(callers));
    }

    struct waker {
        fd_model& all;
        detail::wait_arm arm = detail::wait_arm::event;
        bool claim(detail::wait_token token) const {
            return all.fibers[token.index() - 1].word.claim(token.epoch(), arm);
        }
        void complete(detail::wait_token token) const { all.fibers[token.index() - 1].complete(); }
        void wake(detail::wait_token token) const {
            if (claim(token)) complete(token);
        }
    };

    /// As attempt_or_wait.
    int read(fiber& self, int room) {
        if (const int failure = begin_taking(self); failure != 0) return failure;
        int taken = attempt(room);
        if (taken <= 0) taken = attempt_again(self, room, taken);
        if (taken > 0 && (taken < room || faults.any_read_drains)) side.end_drained(self.index);
        return taken;
    }

    /// As stream_calls::receive_leased.
    int read_draining(fiber& self, int room) {
        if (side.seen_drained(self.index)) {
            if (const int failure = wait_for_event(self); failure != 0) return failure;
            side.begin_draining_after_event(self.index);
        } else {
            if (self.cancel.load() != 0) return was_cancelled;
            side.begin_draining(self.index);
        }
        int taken = attempt(room);
        if (taken > 0 && (taken < room || faults.any_read_drains)) return taken;
        if (!faults.keeps_what_it_saw) side.undrained();
        if (taken > 0) return taken;
        taken = attempt_again(self, room, taken);
        if (taken > 0 && taken < room) side.end_drained(self.index);
        return taken;
    }

    /// As attempt_first with what follows it.
    int read_eagerly(fiber& self, int room) {
        if (self.cancel.load() != 0) return was_cancelled;
        const int taken = attempt(room);
        return taken > 0 ? taken : attempt_again(self, room, taken);
    }

    /// As attempt_once.
    int try_read(fiber& self, int room) {
        side.begin_attempt(self.index);
        return socket.take(room);
    }

    void post() { side.post(waker{*this}); }

    /// As close_fd.
    void close() {
        closed.store(1);
        const waker closing{*this, detail::wait_arm::closed};
        if (faults.closes_the_slot_only) {
            if (const auto token = side.slot().close()) closing.wake(token);
        } else {
            side.close(closing);
        }
    }

    /// The body of the thread that waits at the poller.
    void poll() {
        for (;;) {
            block_until([this] { return socket.edge.load() != 0 || running.load() == 0; });
            if (socket.edge.exchange(0) == 0) return;
            post();
        }
    }

    side_type side;
    model_socket socket;
    atomic<int> closed;
    atomic<int> running;
    std::deque<fiber> fibers;
    const fd_faults faults;
    int shortages = 0;  // attempts that may fail for want of memory; for scenarios with one caller

private:
    int begin_taking(fiber& self) {
        if (side.seen_drained(self.index)) {
            if (const int failure = wait_for_event(self); failure != 0) return failure;
            if (faults.keeps_what_it_saw) {
                side.slot().consume_kept(self.index);
            } else {
                side.begin_attempt_after_event(self.index);
            }
            return 0;
        }
        if (self.cancel.load() != 0) return was_cancelled;
        begin_attempt(self);
        return 0;
    }

    void begin_attempt(fiber& self) {
        if (faults.keeps_what_it_saw) {
            side.slot().consume(self.index);
        } else {
            side.begin_attempt(self.index);
        }
    }

    int attempt(int room) {
        if (shortages != 0 && checker::current().choose(2) == 1) {
            --shortages;
            note("no memory");
            return had_no_memory;
        }
        return socket.take(room);
    }

    int attempt_again(fiber& self, int room, int result) {
        while (result <= 0) {
            if (result == had_no_memory) return result;
            if (const int failure = wait_for_event(self); failure != 0) return failure;
            begin_attempt(self);
            result = attempt(room);
        }
        return result;
    }

    int wait_for_event(fiber& self) {
        const std::uint64_t epoch = self.word.begin(false);
        const detail::wait_token token = self.token(epoch);
        const arming result =
            faults.arms_anyhow ? side.slot().arm_any(token) : side.slot().arm(token);
        if (result == arming::armed) {
            self.park();
        } else if (result == arming::occupied) {
            wait_in_queue(self, epoch);
        } else {
            self.abandon(epoch);
        }
        const detail::wait_arm by = self.word.winner();
        if (by == detail::wait_arm::event && !side.has_queue()) return try_again;
        if (by != detail::wait_arm::event) side.slot().disarm(token);
        if (!faults.keeps_the_baton) side.pass_on(waker{*this});
        if (closed.load() != 0) return was_closed;
        return by == detail::wait_arm::cancel ? was_cancelled : try_again;
    }

    void wait_in_queue(fiber& self, std::uint64_t epoch) {
        detail::queued_arm node;
        node.token = self.token(epoch).raw();
        if (!side.enqueue(node)) return self.abandon(epoch);
        self.park();
        if (!faults.stays_queued) side.dequeue(node);
        check(!node.linked, "a node is unlinked before its frame is left");
    }
};

}  // namespace mioco::model
