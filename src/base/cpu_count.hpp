// SPDX-License-Identifier: MPL-2.0
#pragma once

namespace mioco::detail {

/// How many CPUs this process may keep busy: the smaller of its affinity mask and its cgroup's quota, rounded up; at least 1.
unsigned usable_cpu_count();

}  // namespace mioco::detail
