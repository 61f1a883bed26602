// SPDX-License-Identifier: MPL-2.0
#include "runtime/fork_guard.hpp"

#include <stdexcept>
#include <string>

#include <pthread.h>

#include "sched/current.hpp"
#include "sched/worker.hpp"

namespace mioco::detail {

std::atomic<bool> in_forked_child{false};

void watch_for_fork() {
    static const int watching = pthread_atfork(nullptr, nullptr, [] {
        in_forked_child = true;
        if (current_fiber() != nullptr) current_worker()->stay_with_fiber();
    });
    static_cast<void>(watching);
}

void throw_after_fork(const char* what) {
    throw std::logic_error(
        std::string("mioco: ") + what +
        " cannot be made in a forked child: the runtime's threads stayed in the parent; "
        "start programs by mioco::process::spawn, or fork before mioco is first used");
}

}  // namespace mioco::detail
