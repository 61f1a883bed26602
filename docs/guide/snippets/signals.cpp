// SPDX-License-Identifier: MPL-2.0
// What docs/guide/signals.md shows.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <variant>

#include <sys/wait.h>

#include <mioco/channel.hpp>
#include <mioco/signal.hpp>
#include <mioco/spawn.hpp>

using namespace std::chrono_literals;

void read_settings();
void run_job(int job);

// snippet: recv
void reload_when_told() {
    mioco::signals told{SIGHUP};
    for (;;) {
        told.recv();
        read_settings();
    }
}
// end

// snippet: select
void work(mioco::receiver<int> jobs) {
    mioco::signals told{SIGHUP, SIGUSR1};
    for (;;) {
        auto event = mioco::select(jobs.receiving(), told.receiving());
        if (event.index() == 0) {
            const auto job = std::get<0>(event);
            if (!job) return;
            run_job(*job);
        } else if (std::get<1>(event) == SIGHUP) {
            read_settings();
        } else {
            std::puts("still alive");
        }
    }
}
// end

// snippet: children
void bury_children() {
    mioco::signals ended{SIGCHLD};
    for (;;) {
        ended.recv();
        int status = 0;
        for (pid_t child = 0; (child = waitpid(-1, &status, WNOHANG)) > 0;)
            std::printf("%d has ended\n", child);
    }
}
// end
