// SPDX-License-Identifier: MPL-2.0
#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <mioco/scheduler.hpp>

#include "base/count_text.hpp"
#include "fiber/fiber_extras.hpp"
#include "fiber/fiber_table.hpp"
#include "fiber/stop_sources.hpp"
#include "runtime/runtime_core.hpp"
#include "sched/current.hpp"
#include "sched/scheduler_seat.hpp"
#include "sched/worker.hpp"

namespace mioco {

namespace {

using namespace detail;

/// Takes a fiber out of its keeping, to look at it or to keep it from then on.
class taken {
public:
    explicit taken(std::uint64_t& name) noexcept : name_(name) {
        const wait_token kept(name);
        if (!kept) return;
        fiber& f = all_fibers[kept.index()];
        if (f.word.take(kept.epoch())) fiber_ = &f;
    }
    /// Puts it back, unless it was released.
    ~taken() {
        if (fiber_ == nullptr) return;
        runtime_core& home = *fiber_->home.load(std::memory_order_relaxed);
        // Once it is kept again, a stop may take it, and the runtime be gone.
        const guest until_looked(home.guests());
        const std::uint64_t epoch = fiber_->word.keep();
        name_ = fiber_->token(epoch).raw();
        // A stop or a cancel may have looked for it in between.
        if ((home.is_stopping() || is_cancel_requested(*fiber_)) && fiber_->word.take(epoch))
            scheduler_seat::give_to_runtime(*fiber_);
    }
    taken(const taken&) = delete;
    taken& operator=(const taken&) = delete;

    /// Null: the runtime has taken the fiber back.
    [[nodiscard]] fiber* get() const noexcept { return fiber_; }
    void release() noexcept {
        fiber_ = nullptr;
        name_ = 0;
    }

private:
    std::uint64_t& name_;
    fiber* fiber_ = nullptr;
};

void require_fiber(std::uint64_t name, const char* call) {
    if (name != 0) return;
    throw std::system_error(std::make_error_code(std::errc::invalid_argument),
                            std::string("mioco: ") + call +
                                " of a ready_fiber that holds no fiber: it was used or moved from");
}

void require_may_run_at(const fiber& f, const worker& at, const char* call) {
    if ((f.marks & schedule_mark::stays) == 0 || !f.has_started() || f.on == &at) return;
    throw std::invalid_argument(
        std::string("mioco: ") + call + " at worker " + std::to_string(at.number()) + ": fiber " +
        std::to_string(f.number()) + " is pinned to worker " + std::to_string(f.on->number()));
}

worker& scheduling_worker(const fiber& f) {
    worker* const here = current_worker();
    if (here == nullptr || current_fiber() != nullptr ||
        &here->home() != f.home.load(std::memory_order_relaxed)) {
        throw std::system_error(std::make_error_code(std::errc::operation_not_permitted),
                                "mioco: resume works in calls of a scheduler of the fiber's "
                                "runtime only; elsewhere use place_on");
    }
    return *here;
}

}  // namespace

void ready_fiber::resume() {
    require_fiber(name_, "resume");
    taken mine(name_);
    fiber* const f = mine.get();
    if (f == nullptr) return static_cast<void>(name_ = 0);
    worker& here = scheduling_worker(*f);
    require_may_run_at(*f, here, "resume");
    mine.release();
    f->marks &= static_cast<std::uint8_t>(~schedule_mark::yields);
    here.run_here(*f);
}

void ready_fiber::place_on(unsigned worker) {
    require_fiber(name_, "place_on");
    taken mine(name_);
    fiber* const f = mine.get();
    if (f == nullptr) return static_cast<void>(name_ = 0);
    runtime_core& home = *f->home.load(std::memory_order_relaxed);
    if (worker >= home.worker_count()) {
        throw std::invalid_argument("mioco: place_on(" + std::to_string(worker) +
                                    "): " + allowed_up_to(home.worker_count() - 1) +
                                    ", the workers of the runtime");
    }
    detail::worker& at = home.worker_at(worker);
    require_may_run_at(*f, at, "place_on");
    mine.release();
    scheduler_seat::place(*f, at);
}

void ready_fiber::kill() noexcept {
    taken mine(name_);
    fiber* const f = mine.get();
    name_ = 0;
    if (f == nullptr) return;
    mine.release();
    request_own_cancel(*f);
    f->marks |= schedule_mark::killed;
    const std::uint64_t number = f->number();
    scheduler_seat::give_to_runtime(*f);
    tell_of_cancel(number);
}

bool ready_fiber::is_yielding() const noexcept {
    const taken mine(name_);
    const fiber* const f = mine.get();
    return f != nullptr && (f->marks & schedule_mark::yields) != 0;
}

std::optional<unsigned> ready_fiber::last_worker() const noexcept {
    const taken mine(name_);
    const fiber* const f = mine.get();
    if (f == nullptr || !f->has_started()) return std::nullopt;
    return f->on->number();
}

fiber_id ready_fiber::id() const noexcept {
    const taken mine(name_);
    const fiber* const f = mine.get();
    return f == nullptr ? fiber_id() : fiber_id(f->number());
}

std::string ready_fiber::name() const {
    const taken mine(name_);
    const fiber* const f = mine.get();
    return f == nullptr ? std::string() : std::string(f->name_or_empty());
}

detail::shared_data ready_fiber::any_data() const noexcept {
    const taken mine(name_);
    const fiber* const f = mine.get();
    const fiber_extras* const extras =
        f == nullptr ? nullptr : f->extras.load(std::memory_order_relaxed);
    return extras == nullptr ? detail::shared_data() : extras->own;
}

}  // namespace mioco
