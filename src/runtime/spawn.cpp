// SPDX-License-Identifier: MPL-2.0
#include <new>
#include <stdexcept>
#include <system_error>

#include <mioco/detail/fiber_handle.hpp>
#include <mioco/error.hpp>
#include <mioco/runtime.hpp>
#include <mioco/spawn.hpp>

#include "debug/log.hpp"
#include "fiber/blocked_thread.hpp"
#include "fiber/fiber_extras.hpp"
#include "fiber/fiber_pool.hpp"
#include "fiber/fiber_run.hpp"
#include "fiber/parking.hpp"
#include "runtime/fork_guard.hpp"
#include "runtime/runtime_access.hpp"
#include "runtime/runtime_core.hpp"
#include "sched/current.hpp"
#include "sched/wake.hpp"
#include "sched/worker.hpp"

// What spawn and join_handle call: a fiber's block from its making to the end of its handle.

namespace mioco::detail {

namespace {

// Lives as long as the process: a fiber may still run when the destructors of static objects do.
runtime& default_runtime() {
    if (current_thread().world != nullptr) {
        throw std::logic_error(
            "mioco: spawn outside of fibers in a simulation, which has no runtime for that; use a "
            "fiber, or runtime::spawn");
    }
    static auto& lasting = *new runtime;
    return lasting;
}

void* storage_for(fiber& f, const task_ops& ops) {
    const bool fits = ops.size <= fiber::inline_storage_bytes && ops.alignment <= 16;
    return fits ? f.inline_storage : ::operator new(ops.size, std::align_val_t{ops.alignment});
}

// The call that makes a worker's scheduler may come when there are no fibers and nobody runs worker 0.
void refuse_while_making(const runtime_core& home) {
    const worker* const here = current_worker();
    if (here == nullptr || &here->home() != &home) return;
    if (here->seat() == nullptr || here->seat()->is_made()) return;
    throw std::system_error(
        std::make_error_code(std::errc::operation_not_permitted),
        "mioco: spawn in the function of config::scheduler: a scheduler is made there, which may "
        "spawn in its `tick`");
}

void equip_orphan(fiber& f, std::string_view name, const runtime_core& home) {
    refuse_while_making(home);
    give_extras(f, name, &home.settings().data);
}

// A new fiber inherits its parent's children's data, or without a parent in its runtime the runtime's. By far most get neither
// that nor a name.
inline void equip(fiber& f, std::string_view name, const fiber* parent, const runtime_core& home) {
    if (parent == nullptr) [[unlikely]]
        return equip_orphan(f, name, home);
    const fiber_extras* const parents = parent->extras.load(std::memory_order_relaxed);
    if (name.empty() && (parents == nullptr || !parents->of_children)) [[likely]]
        return;
    give_extras(f, name, parents == nullptr ? nullptr : &parents->of_children);
}

void prepare_block(fiber& f, const runtime_core& home, const spawn_options& options,
                   const task_ops& ops) {
    f.wanted_stack =
        options.stack_size_bytes == 0
            ? home.default_stack()
            : checked_stack(options.stack_size_bytes, home.settings().stacks.is_guarded(),
                            "spawn_options::stack_size_bytes");
    f.task = &ops;
    f.storage = storage_for(f, ops);
    f.on = nullptr;
    f.timer.reset();
    f.exceptions = {};
    f.may_be_cancelled.store(false, std::memory_order_relaxed);
    f.pinned = options.pinned;
    f.placed = options.pinned || home.settings().places_fibers;
    f.shields = 0;
    f.tenancy = f.pool->tenancy();
    f.how_ended = outcome::none;
    f.marks = 0;
    f.end.reset();
}

void free_unstarted(fiber& f) noexcept {
    if (f.storage != nullptr && f.storage != f.inline_storage) {
        ::operator delete(f.storage, std::align_val_t{f.task->alignment});
    }
    if (f.has_extras()) free_extras(f);
    f.pool->give(f);
}

runtime_core& home_for(runtime* asked, worker* here) {
    if (asked != nullptr) return *runtime_access::core(*asked);
    return here != nullptr ? here->home() : *runtime_access::core(default_runtime());
}

}  // namespace

new_fiber make_fiber(runtime* home, const spawn_options& options, const task_ops& ops) {
    refuse_after_fork("a fiber");
    worker* const here = current_worker();
    runtime_core& target = home_for(home, here);
    const bool at_home = here != nullptr && &here->home() == &target;
    if (!at_home) target.refuse_outsiders("spawned a fiber");
    fiber& f = at_home ? here->blocks().take() : target.pool().take_one();
    try {
        f.storage = nullptr;
        equip(f, options.name, at_home ? current_fiber() : nullptr, target);
        prepare_block(f, target, options, ops);
    } catch (...) {
        free_unstarted(f);
        throw;
    }
    f.id.store(here != nullptr ? here->next_fiber_id() : take_fiber_ids(1),
               std::memory_order_release);
    f.home.store(&target, std::memory_order_release);
    return {&f, f.storage};
}

void drop_unstarted(fiber& f) noexcept {
    f.home.store(nullptr, std::memory_order_relaxed);
    free_unstarted(f);
}

namespace {

// Into a runtime that the caller need not keep alive: the fiber, which is counted already, does so until it is queued.
void start_elsewhere(fiber& f, runtime_core& home) {
    const guest until_queued(home.guests());
    try {
        home.start_threads(true);
    } catch (...) {
        f.task->discard(f.storage);
        f.shares.store(0, std::memory_order_relaxed);
        drop_unstarted(f);
        home.one_ended();
        throw;
    }
    home.count_spawned_outside();
    home.inject(f);
}

}  // namespace

void start_fiber(fiber& f) {
    runtime_core& home = *f.home.load(std::memory_order_relaxed);
    MIOCO_LOG("spawns C%llu", static_cast<unsigned long long>(f.number()));
    // The closure's constructor may have been a switch point, so this thread need not be the one that made the block.
    worker* const here = current_worker();
    if (here == nullptr || &here->home() != &home) {
        home.one_starts(f);
        start_elsewhere(f, home);
    } else {
        home.one_starts(f, here->places());
        ++here->counts().spawned;
        here->start(f);
    }
    if (fiber* const self = current_fiber()) spend(*self);
}

namespace {

void check_joinable(const fiber* f, const fiber* caller) {
    if (f == nullptr) {
        begin_attempt();
        throw std::system_error(
            std::make_error_code(std::errc::invalid_argument),
            "mioco: join of a handle that has no fiber: it was joined, detached or moved from");
    }
    if (f == caller) {
        throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur),
                                "mioco: a fiber joins itself");
    }
}

void park_until_end(fiber& f, fiber& self) {
    // Asked of a fiber that has just ended it is elsewhere, which is the careful answer.
    const bool at_home =
        f.home.load(std::memory_order_relaxed) == self.home.load(std::memory_order_relaxed);
    if (!at_home) f.pool->refuse_outsiders(f.tenancy, "joined a fiber");
    parking wait(self, at_home ? wait_reason::join : wait_reason::join_elsewhere, never);
    if (f.end.arm_any(wait.token()) == wait_slot::arming::armed) {
        wait.park();
    } else {
        wait.abandon();
    }
    if (wait.ended_by() == wait_arm::event) return;
    f.end.disarm(wait.token());
    if (!f.end.is_ready()) throw_if_interrupted(self, wait_reason::join);
}

}  // namespace

void wait_for_end(fiber* f) {
    fiber* const caller = current_fiber();
    check_joinable(f, caller);
    if (f->end.is_ready()) {
        if (caller != nullptr) spend(*caller);
        return;
    }
    fiber& self = caller != nullptr ? *caller : blocked_thread();
    if (caller == nullptr) require_blocking(self);
    throw_if_interrupted(self, wait_reason::join);
    while (!f->end.is_ready()) park_until_end(*f, self);
}

void* result_or_throw(fiber& f) {
    if (f.how_ended == outcome::error) std::rethrow_exception(f.error);
    if (f.how_ended == outcome::cancelled) {
        // When a stop ends both, its walk may not have come to the caller yet: that ends by the stop, not by an error of the other.
        const fiber* const self = current_fiber();
        if (self != nullptr && self->on->home().is_stopping() && !is_masked(*self))
            throw_cancelled();
        throw std::system_error(std::make_error_code(std::errc::operation_canceled),
                                "mioco: the fiber was cancelled");
    }
    return f.storage;
}

void release_joined(fiber& f) noexcept {
    if (f.how_ended == outcome::value && f.task->destroy_result != nullptr)
        f.task->destroy_result(f.storage);
    f.how_ended = outcome::none;
    f.error = nullptr;
    drop_share(f, current_worker());
}

void detach_fiber(fiber& f) noexcept {
    if (!f.end.close_and_consume()) return;  // the share is the fiber's now
    dispose_of_outcome(f);
    drop_share(f, current_worker());
}

bool fiber_done(const fiber& f) noexcept {
    begin_attempt();
    return f.end.is_ready();
}

fiber_id id_of(const fiber& f) noexcept { return fiber_id(f.number()); }

}  // namespace mioco::detail
