// SPDX-License-Identifier: MPL-2.0
// A timer of libev's started and stopped while a million others are pending: `micro_libev timers COUNT`, one line of JSON.

#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { pending = 1000000 };

static void never(struct ev_loop* loop, ev_timer* timer, int events) {
    (void)loop;
    (void)timer;
    (void)events;
    abort();
}

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

int main(int argc, char** argv) {
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("libev %d.%d\n", ev_version_major(), ev_version_minor());
        return 0;
    }
    const long count = argc == 3 ? atol(argv[2]) : 0;
    if (count <= 0 || strcmp(argv[1], "timers") != 0) {
        fprintf(stderr, "usage: %s timers COUNT\n", argv[0]);
        return 2;
    }
    struct ev_loop* loop = ev_default_loop(0);
    ev_timer* others = calloc(pending, sizeof *others);
    if (loop == NULL || others == NULL) return 1;
    for (int i = 0; i < pending; ++i) {
        ev_timer_init(&others[i], never, 3600 + 1e-6 * i, 0);
        ev_timer_start(loop, &others[i]);
    }
    const double start = now_ns();
    for (long i = 0; i < count; ++i) {
        ev_timer timer;
        ev_timer_init(&timer, never, 5, 0);
        ev_timer_start(loop, &timer);
        ev_timer_stop(loop, &timer);
    }
    printf("{\"case\": \"timers\", \"count\": %ld, \"pending\": %d, \"deadline_ns\": %.2f}\n",
           count, pending, (now_ns() - start) / (double)count);
    return 0;
}
