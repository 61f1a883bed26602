// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include <mioco/detail/task.hpp>
#include <mioco/this_fiber.hpp>

// The part of the core that the templates of the public headers call.

namespace mioco {
class runtime;
struct spawn_options;
}  // namespace mioco

namespace mioco::detail {

struct fiber;

/// A fiber that was made but not started: the caller constructs the closure in `storage`, then starts or drops it.
struct new_fiber {
    fiber* block;
    void* storage;
};

/// `home` null: the calling fiber's runtime, or the default runtime.
new_fiber make_fiber(runtime* home, const spawn_options& options, const task_ops& ops);
void start_fiber(fiber& f);
/// For a closure whose construction threw.
void drop_unstarted(fiber& f) noexcept;

/// Makes a fiber that runs `call(args...)` and starts it; the caller owns the handle's share of it.
template <class F, class... Args>
fiber& spawn_fiber(runtime* home, const spawn_options& options, F&& f, Args&&... args) {
    using closure_type = closure<F, Args...>;
    const new_fiber made = make_fiber(home, options, task<closure_type>::ops);
    try {
        ::new (made.storage) closure_type{std::forward<F>(f), {std::forward<Args>(args)...}};
    } catch (...) {
        drop_unstarted(*made.block);
        throw;
    }
    start_fiber(*made.block);
    return *made.block;
}

/// Waits for the fiber's end. Throws when there is nothing to join, and when the caller is cancelled meanwhile.
void wait_for_end(fiber* f);
/// After its end: throws what the fiber threw, and else gives the result, which the fiber still owns.
void* result_or_throw(fiber& f);
/// Gives the handle's share back after a join, with the result.
void release_joined(fiber& f) noexcept;
/// Gives the handle's share back without a join.
void detach_fiber(fiber& f) noexcept;
/// [holder of a handle] Asks it to stop.
void cancel_fiber(fiber& f) noexcept;
bool fiber_done(const fiber& f) noexcept;
fiber_id id_of(const fiber& f) noexcept;

}  // namespace mioco::detail
