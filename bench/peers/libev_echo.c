// SPDX-License-Identifier: MPL-2.0
// An echo server on libev: one watcher a connection, one recv and one send a call of it.

#include <ev.h>

#include "listen.h"

struct connection {
    ev_io watcher;  // for reading, or for writing while there is a backlog
    char* backlog;
    size_t begin;
    size_t end;
};

static char* buffer;
static size_t buffer_bytes;

static void drop(struct ev_loop* loop, struct connection* c) {
    ev_io_stop(loop, &c->watcher);
    close(c->watcher.fd);
    free(c->backlog);
    free(c);
}

static void watch_for(struct ev_loop* loop, struct connection* c, int events) {
    ev_io_stop(loop, &c->watcher);
    ev_io_set(&c->watcher, c->watcher.fd, events);
    ev_io_start(loop, &c->watcher);
}

static void keep(struct ev_loop* loop, struct connection* c, const char* data, size_t size) {
    c->backlog = malloc(size);
    if (c->backlog == NULL) die("malloc");
    memcpy(c->backlog, data, size);
    c->begin = 0;
    c->end = size;
    watch_for(loop, c, EV_WRITE);
}

static void flush_backlog(struct ev_loop* loop, struct connection* c) {
    const ssize_t sent =
        send(c->watcher.fd, c->backlog + c->begin, c->end - c->begin, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN) drop(loop, c);
        return;
    }
    c->begin += (size_t)sent;
    if (c->begin < c->end) return;
    free(c->backlog);
    c->backlog = NULL;
    watch_for(loop, c, EV_READ);
}

static void on_ready(struct ev_loop* loop, ev_io* watcher, int events) {
    struct connection* c = (struct connection*)watcher;
    if ((events & EV_WRITE) != 0) {
        flush_backlog(loop, c);
        return;
    }
    const ssize_t got = recv(watcher->fd, buffer, buffer_bytes, 0);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) drop(loop, c);
        return;
    }
    const ssize_t sent = send(watcher->fd, buffer, (size_t)got, MSG_NOSIGNAL);
    if (sent == got) return;
    if (sent < 0 && errno != EAGAIN) {
        drop(loop, c);
        return;
    }
    const size_t done = sent < 0 ? 0 : (size_t)sent;
    keep(loop, c, buffer + done, (size_t)got - done);
}

static void on_connection(struct ev_loop* loop, ev_io* watcher, int events) {
    (void)events;
    for (;;) {
        const int fd = accept4(watcher->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        struct connection* c = calloc(1, sizeof *c);
        if (c == NULL) die("calloc");
        ev_io_init(&c->watcher, on_ready, fd, EV_READ);
        ev_io_start(loop, &c->watcher);
    }
}

int main(int argc, char** argv) {
    char version[64];
    snprintf(version, sizeof version, "libev %d.%d", ev_version_major(), ev_version_minor());
    const int listener = listen_and_report(argc, argv, version);
    buffer = make_echo_buffer();
    buffer_bytes = echo_buffer_bytes();
    struct ev_loop* loop = ev_default_loop(EVBACKEND_EPOLL);
    if (loop == NULL) die("ev_default_loop");
    ev_io acceptor;
    ev_io_init(&acceptor, on_connection, listener, EV_READ);
    ev_io_start(loop, &acceptor);
    ev_run(loop, 0);
}
