// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <csignal>

#include <pthread.h>

namespace mioco::detail {

/// For a thread that is made meanwhile: signals are for the program's other threads, and interrupt none of its calls. Those that a
/// thread causes itself would kill the process without their handler.
class signals_blocked {
public:
    signals_blocked() noexcept {
        sigset_t all;
        sigfillset(&all);
        for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT})
            sigdelset(&all, own);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    signals_blocked(const signals_blocked&) = delete;
    signals_blocked& operator=(const signals_blocked&) = delete;

private:
    sigset_t before_{};
};

}  // namespace mioco::detail
