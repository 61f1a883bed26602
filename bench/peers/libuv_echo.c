// SPDX-License-Identifier: MPL-2.0
// An echo server on libuv: one loop, a TCP handle a connection. What has been read is written at once, as far as the socket takes
// it; so one buffer, of the size that libuv suggests, serves all connections.

#include <uv.h>

#include "listen.h"

struct rest {
    uv_write_t request;
    char bytes[];
};

static char* buffer;
static size_t buffer_bytes;

static void check(int result, const char* what) {
    if (result >= 0) return;
    fprintf(stderr, "%s: %s\n", what, uv_strerror(result));
    exit(1);
}

static void free_handle(uv_handle_t* handle) { free(handle); }

static void drop(uv_stream_t* stream) {
    if (!uv_is_closing((uv_handle_t*)stream)) uv_close((uv_handle_t*)stream, free_handle);
}

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* into) {
    (void)handle;
    if (buffer_bytes < suggested) {
        buffer = realloc(buffer, suggested);
        if (buffer == NULL) die("realloc");
        buffer_bytes = suggested;
    }
    *into = uv_buf_init(buffer, (unsigned)buffer_bytes);
}

static void on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* from);

static void on_written(uv_write_t* request, int status) {
    uv_stream_t* stream = request->handle;
    free(request);
    if (status < 0 || uv_read_start(stream, on_alloc, on_read) < 0) drop(stream);
}

// What the peer was too slow to take. Until it has, nothing more is read from it.
static void write_rest(uv_stream_t* stream, const char* bytes, size_t size) {
    struct rest* rest = malloc(sizeof *rest + size);
    if (rest == NULL) die("malloc");
    memcpy(rest->bytes, bytes, size);
    const uv_buf_t from = uv_buf_init(rest->bytes, (unsigned)size);
    uv_read_stop(stream);
    if (uv_write(&rest->request, stream, &from, 1, on_written) < 0) {
        free(rest);
        drop(stream);
    }
}

static void on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* from) {
    if (size < 0) {
        drop(stream);
        return;
    }
    if (size == 0) return;  // nothing there after all
    const uv_buf_t all = uv_buf_init(from->base, (unsigned)size);
    const int sent = uv_try_write(stream, &all, 1);
    if (sent == size) return;
    if (sent < 0 && sent != UV_EAGAIN) {
        drop(stream);
        return;
    }
    const size_t done = sent < 0 ? 0 : (size_t)sent;
    write_rest(stream, from->base + done, (size_t)size - done);
}

static void on_connection(uv_stream_t* listener, int status) {
    if (status < 0) return;
    uv_tcp_t* connection = malloc(sizeof *connection);
    if (connection == NULL) die("malloc");
    check(uv_tcp_init(listener->loop, connection), "uv_tcp_init");
    uv_stream_t* stream = (uv_stream_t*)connection;
    if (uv_accept(listener, stream) < 0 || uv_read_start(stream, on_alloc, on_read) < 0)
        drop(stream);
}

int main(int argc, char** argv) {
    char version[64];
    snprintf(version, sizeof version, "libuv %s", uv_version_string());
    const int fd = listen_and_report(argc, argv, version);
    uv_loop_t* loop = uv_default_loop();
    uv_tcp_t listener;
    check(uv_tcp_init(loop, &listener), "uv_tcp_init");
    check(uv_tcp_open(&listener, fd), "uv_tcp_open");
    check(uv_listen((uv_stream_t*)&listener, echo_backlog, on_connection), "uv_listen");
    return uv_run(loop, UV_RUN_DEFAULT);
}
