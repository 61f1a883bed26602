// SPDX-License-Identifier: MPL-2.0
#include "support/simulated_world.hpp"

namespace mioco_test {

mioco::sim::config world_of(std::uint64_t seed, bool calm) {
    mioco::sim::config made;
    made.seed = seed;
    made.workers = static_cast<unsigned>(1 + seed % 3);
    mioco::sim::fault_rates& faults = made.faults;
    faults.spurious_event = 0;
    switch (seed % 4) {
        case 0:
            break;
        case 1:
            faults.short_read = faults.short_write = 0.3;
            faults.spurious_event = 0.1;
            break;
        case 2:
            faults.again = faults.interrupted = 0.1;
            break;
        default:
            faults.short_read = faults.short_write = faults.again = faults.interrupted = 0.2;
            faults.spurious_event = 0.3;
    }
    if (calm) faults.short_read = faults.short_write = faults.again = 0;
    return made;
}

}  // namespace mioco_test
