// SPDX-License-Identifier: MPL-2.0
#include "sched/scheduler_seat.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <utility>

#include "debug/log.hpp"
#include "fiber/fiber_run.hpp"
#include "runtime/runtime_core.hpp"
#include "sched/current.hpp"
#include "sched/ready_fiber_access.hpp"
#include "sched/worker.hpp"

namespace mioco::detail {

namespace {

// What is spawned in a call of a scheduler's is there before the runtime can come to rest, and so finds its workers.
class keeping_alive {
public:
    explicit keeping_alive(runtime_core& home) noexcept : home_(home), works_(home.keep_alive()) {}
    ~keeping_alive() {
        if (works_) home_.let_go();
    }
    keeping_alive(const keeping_alive&) = delete;
    keeping_alive& operator=(const keeping_alive&) = delete;

    /// There are fibers; or there were, when it began.
    explicit operator bool() const noexcept { return works_; }

private:
    runtime_core& home_;
    const bool works_;
};

}  // namespace

void scheduler_seat::arrive() noexcept {
    if (user_ == nullptr) make();
}

// Makes a call of the user's. If it throws, the runtime stops, and fibers unwind without that anybody is asked. The exception is
// given away, and not shared with whoever rethrows it: here it may still be on its way out when that one is done with it.
template <class Call>
void scheduler_seat::ask(const char* name, Call call) noexcept {
    std::exception_ptr thrown;
    try {
        return call();
    } catch (...) {
        thrown = std::current_exception();
    }
    report_scheduler_failure(self_.number(), name, thrown);
    self_.home().fail(std::move(thrown));
}

bool scheduler_seat::make() noexcept {
    ask("its making", [this] {
        runtime_core& home = self_.home();
        user_ = home.settings().scheduler({self_.number(), home.worker_count()});
        if (user_ != nullptr) return;
        throw std::invalid_argument(
            "mioco: config::scheduler: the function returned null; it has "
            "to make a scheduler for each worker");
    });
    return user_ != nullptr;
}

bool scheduler_seat::can_ask() noexcept {
    return !self_.home().is_stopping() && (user_ != nullptr || make());
}

void scheduler_seat::enter(fiber& f) noexcept {
    if (f.pinned && f.marks == 0) f.marks = schedule_mark::stays;
    f.pinned = true;
}

void scheduler_seat::admit(fiber& f) noexcept {
    if (!f.has_started()) {
        enter(f);
    } else if (f.on != &self_) {
        return f.on->deliver(f);
    }
    admit_here(f);
}

void scheduler_seat::admit_here(fiber& f) noexcept {
    announcing_.push(f);
    ++announcing_count_;
}

void scheduler_seat::admit_delivered(fiber* first) noexcept {
    while (first != nullptr) {
        fiber& f = *first;
        first = f.next;
        admit_here(f);
    }
}

void scheduler_seat::give_to_runtime(fiber& f) noexcept {
    worker* const here = current_worker();
    runtime_core& home = *f.home.load(std::memory_order_relaxed);
    if (here != nullptr && &here->home() == &home) return here->seat()->admit(f);
    place(f, f.has_started() ? *f.on : home.worker_at(0));
}

void scheduler_seat::place(fiber& f, worker& at) noexcept {
    if (current_worker() == &at) return at.seat()->admit_here(f);
    at.home().refuse_outsiders("placed a fiber");
    const guest until_queued(at.home().guests());
    at.deliver(f);
}

void scheduler_seat::run(fiber& f) noexcept {
    f.marks &= static_cast<std::uint8_t>(~schedule_mark::yields);
    self_.run_here(f);
}

void scheduler_seat::announce(fiber& f) noexcept {
    if ((f.marks & schedule_mark::killed) != 0 || !can_ask()) return run(f);
    const bool is_new = (f.marks & schedule_mark::announced) == 0;
    f.marks |= schedule_mark::announced;
    MIOCO_LOG("announces C%llu", static_cast<unsigned long long>(f.number()));
    const std::uint64_t epoch = f.word.keep();
    // A stop or a cancel may have looked for what is kept just before; then it has not seen this one.
    if (self_.home().is_stopping() || is_cancel_requested(f)) {
        if (f.word.take(epoch)) run(f);
        return;
    }
    const keeping_alive until_told(self_.home());  // as the fiber may end meanwhile
    ready_fiber handed = ready_fiber_access::make(f.token(epoch));
    ask(is_new ? "spawned" : "ready",
        [&] { is_new ? user_->spawned(std::move(handed)) : user_->ready(std::move(handed)); });
}

// Only as many as were there, so that a scheduler that places on its own worker again and again keeps nobody from the poller.
bool scheduler_seat::serve() noexcept {
    for (std::size_t left = announcing_count_; left > 0; --left) {
        --announcing_count_;
        announce(*announcing_.pop());
    }
    if (const keeping_alive until_told(self_.home()); until_told && can_ask())
        ask("tick", [this] { user_->tick(); });
    return announcing_count_ != 0 || self_.has_to_run();
}

nanoseconds_t scheduler_seat::longest_sleep_ns() noexcept {
    const keeping_alive until_told(self_.home());
    if (!until_told || !can_ask()) return announcing_count_ == 0 ? never : 0;
    nanoseconds_t longest = 0;
    ask("timeout", [&] {
        const auto asked = user_->timeout();
        longest = asked ? std::max<nanoseconds_t>(0, asked->count()) : never;
    });
    // It may have woken somebody.
    return announcing_count_ == 0 && !self_.has_to_run() ? longest : 0;
}

}  // namespace mioco::detail
