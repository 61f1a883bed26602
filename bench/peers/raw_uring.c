// SPDX-License-Identifier: MPL-2.0
// The yardstick of io_uring: an echo server as a bare ring (Linux 6.1). Accepting and receiving are multishot, into fixed files and
// into buffers that the kernel picks; a buffer goes back when it was sent. So a request costs one submission, and a share of a call.

#include <liburing.h>
#include <stdbool.h>
#include <sys/resource.h>

#include "listen.h"

enum {
    ring_entries = 4096,
    buffer_count = 1024,  // a power of two
    buffer_group = 0,
    most_files = 65536,
    most_queued = 16,  // buffers that a slow reader holds before nothing more is read from it
    no_buffer = -1
};

enum operation { op_accept, op_receive, op_send, op_close, op_stop };

// What was received goes out one buffer after the other: two sends under way could pass each other.
struct connection {
    int first;  // of the queue of buffers; that one is being sent
    int last;
    unsigned queued;
    bool receiving;
    bool stopping;
    bool ended;
};

static struct io_uring ring;
static struct io_uring_buf_ring* free_buffers;
static size_t buffer_bytes;
static char* bytes;
static struct {
    unsigned size;
    int next;
} buffers[buffer_count];
static struct connection* connections;  // by fixed file
static unsigned* starved;               // a stack of those that found no buffer
static unsigned starved_count;

static struct io_uring_sqe* next_entry(void) {
    struct io_uring_sqe* entry = io_uring_get_sqe(&ring);
    if (entry == NULL) {
        io_uring_submit(&ring);
        entry = io_uring_get_sqe(&ring);
        if (entry == NULL) die("io_uring_get_sqe");
    }
    return entry;
}

static void tag(struct io_uring_sqe* entry, enum operation operation, unsigned file) {
    io_uring_sqe_set_data64(entry, (uint64_t)file << 8 | operation);
}

static void accept_on(int listener) {
    struct io_uring_sqe* entry = next_entry();
    io_uring_prep_multishot_accept_direct(entry, listener, NULL, NULL, 0);
    tag(entry, op_accept, 0);
}

static void receive(unsigned file) {
    struct io_uring_sqe* entry = next_entry();
    io_uring_prep_recv_multishot(entry, (int)file, NULL, 0, 0);
    entry->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
    entry->buf_group = buffer_group;
    tag(entry, op_receive, file);
    connections[file].receiving = true;
}

static void stop_receiving(unsigned file) {
    struct io_uring_sqe* entry = next_entry();
    io_uring_prep_cancel64(entry, (uint64_t)file << 8 | op_receive, 0);
    tag(entry, op_stop, file);
    connections[file].stopping = true;
}

static void send_first(unsigned file) {
    struct io_uring_sqe* entry = next_entry();
    const int buffer = connections[file].first;
    // Waits for all to go out: fewer bytes than asked for are an error then.
    io_uring_prep_send(entry, (int)file, bytes + (size_t)buffer * buffer_bytes,
                       buffers[buffer].size, MSG_NOSIGNAL | MSG_WAITALL);
    entry->flags |= IOSQE_FIXED_FILE;
    tag(entry, op_send, file);
}

static void give_back(int buffer) {
    io_uring_buf_ring_add(free_buffers, bytes + (size_t)buffer * buffer_bytes,
                          (unsigned)buffer_bytes, (unsigned short)buffer,
                          io_uring_buf_ring_mask(buffer_count), 0);
    io_uring_buf_ring_advance(free_buffers, 1);
    if (starved_count > 0) receive(starved[--starved_count]);
}

// Goes on with a connection that is neither receiving nor sending.
static void go_on(unsigned file) {
    struct connection* c = &connections[file];
    if (c->queued > 0 || c->receiving) return;
    if (!c->ended) {
        receive(file);
        return;
    }
    struct io_uring_sqe* entry = next_entry();
    io_uring_prep_close_direct(entry, file);
    tag(entry, op_close, file);
}

static void enqueue(unsigned file, int buffer, unsigned size) {
    struct connection* c = &connections[file];
    buffers[buffer].size = size;
    buffers[buffer].next = no_buffer;
    if (c->queued++ == 0) {
        c->first = c->last = buffer;
        send_first(file);
        return;
    }
    buffers[c->last].next = buffer;
    c->last = buffer;
    if (c->queued >= most_queued && !c->stopping) stop_receiving(file);
}

static void on_received(unsigned file, const struct io_uring_cqe* done) {
    struct connection* c = &connections[file];
    if (done->res > 0)
        enqueue(file, (int)(done->flags >> IORING_CQE_BUFFER_SHIFT), (unsigned)done->res);
    if ((done->flags & IORING_CQE_F_MORE) != 0) return;
    c->receiving = false;
    c->stopping = false;
    if (done->res == -ENOBUFS && c->queued == 0) {
        starved[starved_count++] = file;
        return;
    }
    if (done->res <= 0 && done->res != -ECANCELED && done->res != -ENOBUFS) c->ended = true;
    go_on(file);
}

static void on_sent(unsigned file, int result) {
    struct connection* c = &connections[file];
    const int sent = c->first;
    c->first = buffers[sent].next;
    --c->queued;
    if (result != (int)buffers[sent].size) c->ended = true;
    give_back(sent);
    if (c->queued > 0) {
        send_first(file);
    } else {
        go_on(file);
    }
}

static void on_accepted(int listener, const struct io_uring_cqe* done) {
    if ((done->flags & IORING_CQE_F_MORE) == 0) accept_on(listener);
    if (done->res < 0) return;
    connections[done->res] = (struct connection){.first = no_buffer};
    receive((unsigned)done->res);
}

static void handle(int listener, const struct io_uring_cqe* done) {
    const uint64_t tag = io_uring_cqe_get_data64(done);
    const unsigned file = (unsigned)(tag >> 8);
    switch ((enum operation)(tag & 0xff)) {
        case op_accept:
            on_accepted(listener, done);
            break;
        case op_receive:
            on_received(file, done);
            break;
        case op_send:
            on_sent(file, done->res);
            break;
        case op_close:
        case op_stop:
            break;
    }
}

static void check(int result, const char* what) {
    if (result >= 0) return;
    errno = -result;
    die(what);
}

static void set_up(void) {
    struct io_uring_params parameters = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
        .cq_entries = 4 * ring_entries};
    check(io_uring_queue_init_params(ring_entries, &ring, &parameters), "io_uring_queue_init");
    check(io_uring_register_ring_fd(&ring), "io_uring_register_ring_fd");
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) die("getrlimit");
    const unsigned files = limit.rlim_cur < most_files ? (unsigned)limit.rlim_cur : most_files;
    check(io_uring_register_files_sparse(&ring, files), "io_uring_register_files_sparse");
    connections = calloc(files, sizeof *connections);
    starved = calloc(files, sizeof *starved);
    buffer_bytes = echo_buffer_bytes();
    bytes = malloc(buffer_count * buffer_bytes);
    const size_t ring_bytes = buffer_count * sizeof(struct io_uring_buf);
    if (connections == NULL || starved == NULL || bytes == NULL ||
        posix_memalign((void**)&free_buffers, 4096, ring_bytes) != 0) {
        die("malloc");
    }
    struct io_uring_buf_reg registration = {
        .ring_addr = (uintptr_t)free_buffers, .ring_entries = buffer_count, .bgid = buffer_group};
    io_uring_buf_ring_init(free_buffers);
    check(io_uring_register_buf_ring(&ring, &registration, 0), "io_uring_register_buf_ring");
    for (int i = 0; i < buffer_count; ++i) give_back(i);
}

int main(int argc, char** argv) {
    const int listener = listen_and_report(argc, argv, "io_uring loop in C, " __VERSION__);
    set_up();
    accept_on(listener);
    for (;;) {
        const int result = io_uring_submit_and_wait(&ring, 1);
        if (result < 0 && result != -EINTR) check(result, "io_uring_submit_and_wait");
        struct io_uring_cqe* done;
        unsigned head;
        unsigned count = 0;
        io_uring_for_each_cqe(&ring, head, done) {
            handle(listener, done);
            ++count;
        }
        io_uring_cq_advance(&ring, count);
    }
}
