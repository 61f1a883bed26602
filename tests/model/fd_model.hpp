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
        false;  // an attempt that fails leaves standing that an earlier one drained the kernel
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
        bool waited = false;
        const int result = read_in_turn(self, room, waited);
        if (waited && !faults.keeps_the_baton) side.pass_on(waker{*this});
        return result;
    }

    /// As attempt_once.
    int try_read(fiber& self, int room) {
        side.begin_attempt(self.index);
        const int taken = socket.take(room);
        side.end_attempt(self.index, false);
        return taken;
    }

    void post() { side.post(waker{*this}); }

    /// As close_fd.
    void close() {
        closed.store(1);
        if (faults.closes_the_slot_only) {
            if (const auto token = side.slot().close()) waker{*this}.wake(token);
        } else {
            side.close(waker{*this});
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
    int interrupts = 0;  // attempts that may fail with EINTR; for scenarios with one caller

private:
    int read_in_turn(fiber& self, int room, bool& waited) {
        if (self.cancel.load() != 0) return was_cancelled;
        for (;;) {
            if (closed.load() != 0) return was_closed;
            bool tried = false;
            if (!side.seen_drained(self.index)) {
                tried = true;
                if (faults.keeps_what_it_saw) {
                    side.slot().consume(self.index);
                } else {
                    side.begin_attempt(self.index);
                }
                if (interrupts != 0 && checker::current().choose(2) == 1) {
                    --interrupts;
                    note("interrupted");
                    continue;
                }
                const int taken = socket.take(room);
                side.end_attempt(self.index, taken < room || faults.any_read_drains);
                if (taken > 0) return taken;
            }
            if (const int failure = wait_for_event(self, tried, waited); failure != 0)
                return failure;
        }
    }

    int wait_for_event(fiber& self, bool tried, bool& waited) {
        const std::uint64_t epoch = self.word.begin(false);
        const detail::wait_token token = self.token(epoch);
        const arming result = faults.arms_anyhow ? side.slot().arm_any(token)
                              : tried            ? side.slot().arm(token)
                                                 : side.slot().arm_again(token);
        if (result == arming::armed) {
            waited = true;
            self.park();
        } else if (result == arming::occupied) {
            wait_in_queue(self, epoch, waited);
        } else {
            self.abandon(epoch);
        }
        side.end_attempt(self.index, false);
        const detail::wait_arm by = self.word.winner();
        if (by == detail::wait_arm::event) return try_again;
        side.slot().disarm(token);
        return by == detail::wait_arm::cancel ? was_cancelled : try_again;
    }

    void wait_in_queue(fiber& self, std::uint64_t epoch, bool& waited) {
        detail::queued_waiter node{self.token(epoch)};
        if (!side.enqueue(node)) return self.abandon(epoch);
        waited = true;
        self.park();
        if (!faults.stays_queued) side.dequeue(node);
        check(!node.linked, "a node is unlinked before its frame is left");
    }
};

}  // namespace mioco::model
