// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <mioco/detail/local_value.hpp>
#include <mioco/detail/shared_data.hpp>

#include "fiber/fiber.hpp"

namespace mioco::detail {

class deadline_region;

/// What few fibers have: a name, data, fiber-locals, deadlines. Made when it is first needed, so that the others pay for a pointer.
///
/// Used by its fiber alone, save for the name, which dumps read meanwhile: it never changes, and is freed under a lock that they
/// hold.
struct fiber_extras {
    shared_data own;
    shared_data of_children;

    local_value* newest_local = nullptr;
    struct slot {
        std::uint64_t number =
            0;  // whose value it is; index and number together make a `local_key`
        local_value* value = nullptr;
    };
    std::vector<slot> slots;               // by the key's index
    deadline_region* deadlines = nullptr;  // the innermost
    bool has_stop_source = false;
    bool is_ending = false;
    unsigned made_at_end = 0;

    // The name stands behind the object, with a zero at its end.
    [[nodiscard]] const char* name() const noexcept {
        return reinterpret_cast<const char*>(this + 1);
    }
};

/// Throws std::bad_alloc.
fiber_extras& make_extras(std::string_view name);

/// [maker of the fiber] Throws std::bad_alloc. `inherited` may be null.
void give_extras(fiber& f, std::string_view name, const shared_data* inherited);

/// [the fiber] Its extras, made if it has none. Throws std::bad_alloc.
fiber_extras& needed_extras(fiber& self);

/// [the fiber or thread, at its end] Destroys fiber-locals, the newest first, and lets the data go. Runs the user's code, which
/// may wait.
void end_locals_and_data(fiber& self) noexcept;

/// [owner of the block] What it had is gone afterwards, the name too.
void free_extras(fiber& f) noexcept;

/// [any] Copies as much of the fiber's name as there is room for, with a zero at its end. The block may be another fiber's
/// meanwhile: ask it for its number afterwards.
void copy_name(const fiber& f, char* into, std::size_t room) noexcept;

}  // namespace mioco::detail
