// SPDX-License-Identifier: MPL-2.0
#pragma once

namespace mioco::detail {

/// An object of static lifetime that is still there when the destructors of static objects run: fibers and threads may end
/// after those have begun.
template <class T>
union never_destroyed {
    T value;

    constexpr never_destroyed() : value() {}
    never_destroyed(const never_destroyed&) = delete;
    never_destroyed& operator=(const never_destroyed&) = delete;
    ~never_destroyed() {}
};

}  // namespace mioco::detail
