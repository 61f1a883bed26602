// SPDX-License-Identifier: MPL-2.0
#pragma once

#include "model/expect.hpp"

namespace mioco::model {

/// Threads that take the lock in turn, each `rounds` times.
template <class Lock>
struct lock_takers {
    lock_takers(checker& run, int threads, int rounds) {
        run.name(lock, "lock");
        run.name(inside, "inside");
        for (int i = 0; i < threads; ++i) {
            run.thread("taker", [this, rounds] {
                for (int round = 0; round < rounds; ++round) {
                    lock.lock();
                    check(inside.exchange(1) == 0, "one thread at a time is inside");
                    inside.store(0);
                    lock.unlock();
                }
            });
        }
        run.at_end([this] { check(lock.try_lock(), "the lock is free in the end"); });
    }

    Lock lock;
    atomic<int> inside;
};

}  // namespace mioco::model
