// SPDX-License-Identifier: MPL-2.0
// The yardstick for a TCP proxy: `raw_proxy TARGET ADDRESS`, a bare edge-triggered epoll loop. What one side is too slow
// to take is kept, and then nothing more is read from the other.

#include <stdbool.h>
#include <sys/epoll.h>

#include "listen.h"

enum { events_a_wait = 512, buffer_bytes = 16 * 1024 };

// One end of a pair: what is read there goes to `other`.
struct side {
    int fd;
    struct side* other;
    char* kept;  // read from the other, and not yet sent here
    size_t kept_begin;
    size_t kept_end;
    bool at_end;  // it sends no more
};

static int epoll_fd;
static char buffer[buffer_bytes];
static struct sockaddr_in target;
static struct side* dead;  // pairs whose events of this round are still to be passed over

static void drop(struct side* s) {
    if (s->fd < 0) return;
    close(s->fd);
    close(s->other->fd);
    free(s->kept);
    free(s->other->kept);
    s->fd = s->other->fd = -1;
    struct side* first = s < s->other ? s : s->other;
    first->kept = (char*)dead;
    dead = first;
}

static void free_dead(void) {
    while (dead != NULL) {
        struct side* next = (struct side*)dead->kept;
        free(dead);
        dead = next;
    }
}

// Sends what it can; false when the pair is gone or the rest has to wait.
static bool send_to(struct side* s, const char* data, size_t size) {
    size_t done = 0;
    while (done < size) {
        const ssize_t sent = send(s->fd, data + done, size - done, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) {
            drop(s);
            return false;
        }
        if (sent < 0) {
            s->kept = malloc(size - done);
            if (s->kept == NULL) die("malloc");
            memcpy(s->kept, data + done, size - done);
            s->kept_begin = 0;
            s->kept_end = size - done;
            return false;
        }
        done += (size_t)sent;
    }
    return true;
}

static bool send_kept(struct side* s) {
    while (s->kept_begin < s->kept_end) {
        const ssize_t sent =
            send(s->fd, s->kept + s->kept_begin, s->kept_end - s->kept_begin, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) drop(s);
        if (sent < 0) return false;
        s->kept_begin += (size_t)sent;
    }
    free(s->kept);
    s->kept = NULL;
    return true;
}

static void end_of(struct side* s) {
    s->at_end = true;
    shutdown(s->other->fd, SHUT_WR);
    if (s->other->at_end) drop(s);
}

static void forward_from(struct side* s, bool to_the_end) {
    while (s->fd >= 0 && !s->at_end && s->other->kept == NULL) {
        const ssize_t got = recv(s->fd, buffer, sizeof buffer, 0);
        if (got < 0 && errno == EAGAIN) return;
        if (got < 0) drop(s);
        if (got == 0) end_of(s);
        if (got <= 0 || !send_to(s->other, buffer, (size_t)got)) return;
        if ((size_t)got < sizeof buffer && !to_the_end) return;
    }
}

static void handle(struct side* s, uint32_t events) {
    if (s->fd < 0) return;
    if ((events & EPOLLOUT) != 0 && s->kept != NULL && send_kept(s)) forward_from(s->other, true);
    if (s->fd >= 0) forward_from(s, (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
}

static void watch(struct side* s) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = s};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, s->fd, &event) != 0) die("epoll_ctl");
}

static void read_target(const char* text) {
    char host[INET_ADDRSTRLEN];
    unsigned short port = 0;
    target.sin_family = AF_INET;
    if (sscanf(text, "%15[0-9.]:%hu", host, &port) != 2 ||
        inet_pton(AF_INET, host, &target.sin_addr) != 1) {
        fprintf(stderr, "usage: raw_proxy TARGET ADDRESS\n");
        exit(2);
    }
    target.sin_port = htons(port);
}

static int connect_to_target(void) {
    const int one = 1;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) die("socket");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (struct sockaddr*)&target, sizeof target) != 0 && errno != EINPROGRESS)
        die("connect");
    return fd;
}

// What the client sends before the target has answered is kept, as send says EAGAIN until then.
static void accept_all(int listener) {
    for (;;) {
        const int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client < 0) return;
        struct side* pair = calloc(2, sizeof *pair);
        if (pair == NULL) die("calloc");
        pair[0] = (struct side){.fd = client, .other = &pair[1]};
        pair[1] = (struct side){.fd = connect_to_target(), .other = &pair[0]};
        watch(&pair[1]);
        watch(&pair[0]);
    }
}

int main(int argc, char** argv) {
    if (argc == 3) read_target(*++argv);
    const int listener =
        listen_and_report(argc == 3 ? 2 : argc, argv, "epoll loop in C, " __VERSION__);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0) die("start");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event) != 0) die("epoll_ctl");
    static struct epoll_event events[events_a_wait];
    for (;;) {
        const int count = epoll_wait(epoll_fd, events, events_a_wait, -1);
        if (count < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < count; ++i) {
            if (events[i].data.ptr == NULL) {
                accept_all(listener);
            } else {
                handle(events[i].data.ptr, events[i].events);
            }
        }
        free_dead();
    }
}
