// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

// What `fiber_local` is made of, without its type.

namespace mioco::detail {

/// Which `fiber_local` it is.
class local_key {
public:
    /// Throws std::bad_alloc.
    local_key();
    ~local_key();
    local_key(const local_key&) = delete;
    local_key& operator=(const local_key&) = delete;

    /// Small, and used again when this object is gone.
    [[nodiscard]] std::uint32_t index() const noexcept { return index_; }
    /// Never used again; not zero.
    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }

private:
    std::uint32_t index_;
    std::uint64_t number_;
};

/// One fiber's value of one `fiber_local`. Its fiber owns it.
struct local_value {
    void (*destroy)(local_value&) noexcept;
    local_value* made_before = nullptr;
    std::uint32_t index = 0;
    std::uint64_t number = 0;
};

/// The calling fiber's or thread's, or null.
local_value* find_local(const local_key& key) noexcept;
/// Gives the calling fiber or thread its value. Throws std::bad_alloc, or as `fiber_pool::take`; then the value is still the
/// caller's.
void keep_local(const local_key& key, local_value& made);

}  // namespace mioco::detail
