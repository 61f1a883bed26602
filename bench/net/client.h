// SPDX-License-Identifier: MPL-2.0
// What the load clients have in common: failing, clocks, the server's CPU time, and its address.
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const uint64_t second_ns = 1000000000;

static inline void die(const char* what) {
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
    exit(1);
}

static inline void fail(const char* what) {
    fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
    exit(1);
}

static inline uint64_t clock_ns(clockid_t clock) {
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) die("clock_gettime");
    return (uint64_t)now.tv_sec * second_ns + (uint64_t)now.tv_nsec;
}

static inline uint64_t now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

// Of a process from its start: what its CPU clock says, and what the kernel's tick found it at.
struct cpu_times {
    uint64_t cpu_ns;
    uint64_t user_ticks;
    uint64_t system_ticks;
};

static inline void read_ticks(pid_t pid, struct cpu_times* times) {
    char path[64];
    char line[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE* file = fopen(path, "r");
    if (file == NULL || fgets(line, sizeof line, file) == NULL) die(path);
    fclose(file);
    const char* fields = strrchr(line, ')');  // a name may hold blanks
    unsigned long user = 0;
    unsigned long system = 0;
    if (fields == NULL || sscanf(fields + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                                 &user, &system) != 2) {
        fail("cannot read the server's times");
    }
    times->user_ticks = user;
    times->system_ticks = system;
}

static inline struct cpu_times cpu_times_of(pid_t pid) {
    struct cpu_times times;
    clockid_t clock;
    errno = clock_getcpuclockid(pid, &clock);
    if (errno != 0) die("the server's clock");
    times.cpu_ns = clock_ns(clock);
    read_ticks(pid, &times);
    return times;
}

// The part of the line of JSON that tells what the server took between the two.
static inline void print_cpu_times(const struct cpu_times* from, const struct cpu_times* to) {
    printf("\"server_cpu_ns\": %llu, \"server_user_ticks\": %llu, \"server_system_ticks\": %llu, ",
           (unsigned long long)(to->cpu_ns - from->cpu_ns),
           (unsigned long long)(to->user_ticks - from->user_ticks),
           (unsigned long long)(to->system_ticks - from->system_ticks));
}

static inline struct sockaddr_in parse_address(const char* text) {
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    char host[INET_ADDRSTRLEN] = "";
    const char* colon = strrchr(text, ':');
    if (colon != NULL && (size_t)(colon - text) < sizeof host) {
        memcpy(host, text, (size_t)(colon - text));
        address.sin_port = htons((uint16_t)atoi(colon + 1));
    }
    address.sin_family = AF_INET;
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) {
        fprintf(stderr, "%s: \"%s\" is no address like 127.0.0.1:5555\n",
                program_invocation_short_name, text);
        exit(2);
    }
    return address;
}
