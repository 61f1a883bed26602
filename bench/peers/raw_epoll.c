// SPDX-License-Identifier: MPL-2.0
// The yardstick: an echo server as a bare edge-triggered epoll loop. A request costs one recv, one send and a share of
// an epoll_wait; a short read means that the socket is drained, so there is no second one.

#include <stdbool.h>
#include <sys/epoll.h>

#ifdef MAY_COMPUTE
#include "../net/computing.h"
#endif
#include "listen.h"

enum { events_a_wait = 512, listener_mark = -1 };

// Bytes that the peer was too slow to take. While there are some, nothing more is read from it.
struct backlog {
    char* data;
    size_t begin;
    size_t end;
};

static int epoll_fd;
static char* buffer;
static size_t buffer_bytes;
static struct backlog* backlogs;  // by descriptor

static void drop(int fd) {
    free(backlogs[fd].data);
    backlogs[fd].data = NULL;
    close(fd);
}

static void watch(int operation, int fd, uint32_t events) {
    struct epoll_event event = {.events = events | EPOLLET, .data.fd = fd};
    if (epoll_ctl(epoll_fd, operation, fd, &event) != 0) die("epoll_ctl");
}

static void keep(int fd, const char* data, size_t size) {
    struct backlog* b = &backlogs[fd];
    b->data = malloc(size);
    if (b->data == NULL) die("malloc");
    memcpy(b->data, data, size);
    b->begin = 0;
    b->end = size;
    watch(EPOLL_CTL_MOD, fd, EPOLLOUT);
}

static void flush_backlog(int fd) {
    struct backlog* b = &backlogs[fd];
    while (b->begin < b->end) {
        const ssize_t sent = send(fd, b->data + b->begin, b->end - b->begin, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno != EAGAIN) drop(fd);
            return;
        }
        b->begin += (size_t)sent;
    }
    free(b->data);
    b->data = NULL;
    watch(EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLRDHUP);  // reports at once what has come meanwhile
}

// Whether everything went out; if not, the rest is kept or the connection dropped.
static bool send_all(int fd, size_t size) {
    size_t done = 0;
    while (done < size) {
        const ssize_t sent = send(fd, buffer + done, size - done, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EAGAIN) {
                keep(fd, buffer + done, size - done);
            } else {
                drop(fd);
            }
            return false;
        }
        done += (size_t)sent;
    }
    return true;
}

static void serve(int fd, uint32_t events) {
    if (backlogs[fd].data != NULL) {
        flush_backlog(fd);
        return;
    }
    // A short read leaves nothing behind, unless the peer's end came in the same edge: that has to be read too.
    const bool to_the_end = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    for (;;) {
        const ssize_t got = recv(fd, buffer, buffer_bytes, 0);
        if (got <= 0) {
            if (got == 0 || errno != EAGAIN) drop(fd);
            return;
        }
#ifdef MAY_COMPUTE
        compute_if_asked(buffer);
#endif
        if (!send_all(fd, (size_t)got)) return;
        if ((size_t)got < buffer_bytes && !to_the_end) return;
    }
}

static void accept_all(int listener) {
    for (;;) {
        const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        watch(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLRDHUP);
    }
}

int main(int argc, char** argv) {
    const int listener = listen_and_report(argc, argv, "epoll loop in C, " __VERSION__);
    buffer = make_echo_buffer();
    buffer_bytes = echo_buffer_bytes();
    backlogs = calloc((size_t)sysconf(_SC_OPEN_MAX), sizeof *backlogs);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0 || backlogs == NULL) die("start");
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
                serve(events[i].data.fd, events[i].events);
            }
        }
    }
}
