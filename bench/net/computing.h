// SPDX-License-Identifier: MPL-2.0
// What a server computes for a request that begins with "C": the same steps in each language, of which each needs the
// one before it, so that all compilers make as long a task of it: some milliseconds.
#pragma once

#include <stdint.h>

static inline uint64_t compute(void) {
    uint64_t x = 88172645463325252;
    for (int step = 0; step < 2000000; ++step) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    return x;
}

static inline void compute_if_asked(const char* message) {
    static volatile uint64_t result;  // so that no compiler leaves the steps out
    if (message[0] == 'C') result = result + compute();
}
