// SPDX-License-Identifier: MPL-2.0
#pragma once

namespace mioco::detail {

class driver;

/// [any thread, where it acts on what is not its own] In a world that must go the same way again, what a thread from elsewhere does comes
/// at no time that the next run would repeat. Ends the process with a message if the caller is one. `did`: as in "woke a fiber".
void refuse_outsider(const driver& world, const char* did) noexcept;

}  // namespace mioco::detail
