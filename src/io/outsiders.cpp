// SPDX-License-Identifier: MPL-2.0
#include "io/outsiders.hpp"

#include <cstdio>
#include <cstdlib>

#include "sched/current.hpp"

namespace mioco::detail {

void refuse_outsider(const driver& world, const char* did) noexcept {
    if (current_thread().world == &world) return;
    std::fprintf(stderr,
                 "mioco: simulation: a thread from outside %s of it, which the next run would not "
                 "repeat: what a simulation's fibers wait for must come from its own fibers, so "
                 "use mioco::spawn or mioco::offload in place of threads\n",
                 did);
    std::abort();
}

}  // namespace mioco::detail
