// SPDX-License-Identifier: MPL-2.0
// The yardstick for HTTP: a bare edge-triggered epoll loop that says "Hello, World!". Replies are small, so a peer that
// takes none of them for long is dropped.

#include <stdbool.h>
#include <sys/epoll.h>

#include "../net/http_request.h"
#include "listen.h"

enum { events_a_wait = 512, listener_mark = -1, buffer_bytes = 16 * 1024 };

// The beginning of a request that has not come whole.
struct part {
    char* data;
    size_t size;
};

static int epoll_fd;
static char buffer[buffer_bytes];
static struct part* parts;  // by descriptor

static void drop(int fd) {
    free(parts[fd].data);
    parts[fd] = (struct part){NULL, 0};
    close(fd);
}

static void keep(int fd, const char* data, size_t size) {
    struct part* part = &parts[fd];
    free(part->data);
    *part = (struct part){NULL, 0};
    if (size == 0) return;
    part->data = malloc(size);
    if (part->data == NULL) die("malloc");
    memcpy(part->data, data, size);
    part->size = size;
}

// Whether the connection goes on.
static bool answer(int fd, const char* data, size_t size) {
    char replies[2048];
    for (;;) {
        size_t used = 0;
        bool open = true;
        const size_t made = http_answer(data, size, replies, sizeof replies, &used, &open);
        if (made == 0) break;
        data += used;
        size -= used;
        if (send(fd, replies, made, MSG_NOSIGNAL) != (ssize_t)made || !open) return false;
    }
    if (size != 0 || parts[fd].size != 0) keep(fd, data, size);
    return true;
}

static void serve(int fd, bool to_the_end) {
    for (;;) {
        const size_t before = parts[fd].size;
        if (before != 0) memcpy(buffer, parts[fd].data, before);
        const ssize_t got = recv(fd, buffer + before, sizeof buffer - before, 0);
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0 || !answer(fd, buffer, before + (size_t)got)) {
            drop(fd);
            return;
        }
        if (before + (size_t)got < sizeof buffer && !to_the_end) return;
    }
}

static void accept_all(int listener) {
    for (;;) {
        const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.fd = fd};
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
    }
}

int main(int argc, char** argv) {
    const int listener = listen_and_report(argc, argv, "epoll loop in C, " __VERSION__);
    parts = calloc((size_t)sysconf(_SC_OPEN_MAX), sizeof *parts);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0 || parts == NULL) die("start");
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener_mark};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event) != 0) die("epoll_ctl");
    static struct epoll_event events[events_a_wait];
    for (;;) {
        const int count = epoll_wait(epoll_fd, events, events_a_wait, -1);
        if (count < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < count; ++i) {
            if (events[i].data.fd == listener_mark) {
                accept_all(listener);
            } else {
                serve(events[i].data.fd, (events[i].events & ~(uint32_t)EPOLLIN) != 0);
            }
        }
    }
}
