// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <stop_token>

#include "fiber/fiber.hpp"

// What few fibers have: a std::stop_token that tells of their cancel. Kept by the fiber's number, which is never used again, so that whoever
// asks a fiber to stop need not keep it alive meanwhile.

namespace mioco::detail {

/// [the fiber] Its token, the same each time. Throws std::bad_alloc.
std::stop_token stop_token_of(fiber& self);

/// [who has asked that fiber to stop] Tells those who hold its token; what they have registered is called here.
void tell_of_cancel(std::uint64_t fiber_number) noexcept;

/// [fiber or thread] Its callbacks run in one go: no other fiber runs here meanwhile.
void request_in_one_go(std::stop_source& source) noexcept;

/// [the fiber, at its end] The token stays as it is.
void forget_stop_source(std::uint64_t fiber_number) noexcept;

}  // namespace mioco::detail
