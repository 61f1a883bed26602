// SPDX-License-Identifier: MPL-2.0
#pragma once

namespace mioco::detail {

/// A forked child has the memory of its parent's runtimes but none of their threads, so nothing in it would ever run. Throws
/// std::logic_error, which says so, when the calling process is such a child and its parent had used mioco. `what` was
/// to be made.
void refuse_after_fork(const char* what);

}  // namespace mioco::detail
