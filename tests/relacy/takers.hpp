// SPDX-License-Identifier: MPL-2.0
#pragma once

#include "relacy/explore.hpp"

namespace mioco::relacy {

/// Two threads that take the lock in turn, each twice.
template <class Self, class Lock>
struct takers : scenario<Self> {
    void thread(unsigned /*number*/) {
        for (int round = 0; round < 2; ++round) {
            lock.lock();
            guarded.set(guarded.get() + 1);
            lock.unlock();
        }
    }
    void after() {
        check(lock.try_lock(), "the lock is free in the end");
        check(guarded.get() == 4, "one at a time is inside");
    }

    Lock lock;
    plain<int> guarded;
};

}  // namespace mioco::relacy
