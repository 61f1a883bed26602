// SPDX-License-Identifier: MPL-2.0
// A load generator for echo servers, on bare epoll and one thread, so that what it reports owes nothing to mioco.
//
//     load_client [options] 127.0.0.1:PORT
//       -c N    connections (128)
//       -s N    bytes a message (26)
//       -p N    messages in flight a connection (1)
//       -t S    seconds to measure (2), after -w S of warm-up (0.2)
//       -n N    instead of -t: so many requests, no warm-up
//       -r N    open loop: N requests a second over all connections, latency counted from the intended send time
//       -P PID  the server: report its CPU time over the very window in which requests are counted
//       -i N    idle connections beside, each served once before the start (0)
//       -x      one connection more, on which a request for computing is always under way; it is not counted
//       -z N    with -r: each N-th request asks for computing, on one of 16 connections more; these are not counted
//       -k      keep: one round trip on each connection, then print "kept N" and hold them until stdin ends
//
// It prints one line of JSON. Each reply is compared with what was sent.

#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "client.h"
#include "histogram.h"

enum {
    chunk_bytes = 256 * 1024,
    events_a_wait = 1024,
    ring_open_loop = 4096,
    connections_to_stall = 16,
    many_connections = 1000
};

static const double drain_seconds = 2;

// The ports of so many would be taken for a minute after an orderly end, and the next runs would find none.
static const struct linger reset_at_close = {.l_onoff = 1, .l_linger = 0};

struct options {
    struct sockaddr_in server;
    unsigned connections;
    unsigned message_bytes;
    unsigned depth;
    double seconds;
    double warmup_seconds;
    uint64_t requests;
    double rate;
    pid_t server_pid;
    unsigned idle_connections;
    bool compute;
    unsigned compute_every;
    bool keep;
};

struct connection {
    int fd;
    bool uncounted;
    bool wants_write;
    uint64_t sent_bytes;
    uint64_t asked_bytes;  // sent_bytes is on its way here
    uint64_t received_bytes;
    uint64_t* send_times_ns;  // a ring, by message number
    uint64_t ring_mask;
};

struct snapshot {
    uint64_t time_ns;
    uint64_t replies;
    struct cpu_times server;
    uint64_t own_cpu_ns;
};

static struct options options = {
    .connections = 128, .message_bytes = 26, .depth = 1, .seconds = 2, .warmup_seconds = 0.2};
static struct connection* connections;
static int epoll_fd;
static char* pattern;          // messages end to end, a chunk and one more of them
static char* compute_pattern;  // the same, asking for computing
static char received[chunk_bytes];
static struct histogram latencies;
static bool measuring;
static uint64_t replies;
static uint64_t asked;

static struct snapshot take_snapshot(void) {
    struct snapshot s = {
        .time_ns = now_ns(), .replies = replies, .own_cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID)};
    if (options.server_pid != 0) s.server = cpu_times_of(options.server_pid);
    return s;
}

// --- One connection -----------------------------------------------------------------------------------------------

// By edges: what is watched by level keeps its place in the kernel's list, so that a reply may be taken before those that came earlier,
// and some requests wait for a round longer, whoever serves them.
static void watch(struct connection* c, int operation, bool write) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLET | (write ? (uint32_t)EPOLLOUT : 0),
                                .data.ptr = c};
    if (epoll_ctl(epoll_fd, operation, c->fd, &event) != 0) die("epoll_ctl");
    c->wants_write = write;
}

static const char* bytes_at(const struct connection* c, uint64_t offset) {
    return (c->uncounted ? compute_pattern : pattern) + offset % options.message_bytes;
}

static void flush(struct connection* c) {
    while (c->sent_bytes < c->asked_bytes) {
        uint64_t size = c->asked_bytes - c->sent_bytes;
        if (size > chunk_bytes) size = chunk_bytes;
        const ssize_t sent =
            send(c->fd, bytes_at(c, c->sent_bytes), size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN) die("send");
        if (sent < 0) break;
        c->sent_bytes += (uint64_t)sent;
    }
    const bool rest = c->sent_bytes < c->asked_bytes;
    if (rest != c->wants_write) watch(c, EPOLL_CTL_MOD, rest);
}

static void ask(struct connection* c, uint64_t count, uint64_t time_ns) {
    const uint64_t first = c->asked_bytes / options.message_bytes;
    for (uint64_t i = 0; i < count; ++i) c->send_times_ns[(first + i) & c->ring_mask] = time_ns;
    c->asked_bytes += count * options.message_bytes;
    if (!c->uncounted) asked += count;
    flush(c);
}

// Reads once, and adds to `done` the messages that it completed. Whether there may be more to read.
static bool take_chunk(struct connection* c, uint64_t time_ns, uint64_t* done) {
    const ssize_t got = recv(c->fd, received, sizeof received, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return false;
    if (got < 0) die("recv");
    if (got == 0) fail("the server closed a connection");
    if (memcmp(received, bytes_at(c, c->received_bytes), (size_t)got) != 0)
        fail("a reply differs from its request");
    const uint64_t first = c->received_bytes / options.message_bytes;
    c->received_bytes += (uint64_t)got;
    if (c->received_bytes > c->sent_bytes) fail("more came back than was sent");
    const uint64_t count = c->received_bytes / options.message_bytes - first;
    *done += count;
    const bool more = (size_t)got == sizeof received;
    if (c->uncounted) return more;
    replies += count;
    for (uint64_t i = 0; measuring && i < count; ++i) {
        const uint64_t sent_ns = c->send_times_ns[(first + i) & c->ring_mask];
        histogram_add(&latencies, time_ns > sent_ns ? time_ns - sent_ns : 0);
    }
    return more;
}

static uint64_t take_replies(struct connection* c, uint64_t time_ns) {
    uint64_t done = 0;
    while (take_chunk(c, time_ns, &done)) {
    }
    return done;
}

static void open_connection(struct connection* c, uint64_t ring) {
    const int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0) die("socket");
    if (connect(c->fd, (struct sockaddr*)&options.server, sizeof options.server) != 0)
        die("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (options.connections + options.idle_connections > many_connections) {
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset_at_close, sizeof reset_at_close);
    }
    c->send_times_ns = calloc(ring, sizeof *c->send_times_ns);
    if (c->send_times_ns == NULL) die("calloc");
    c->ring_mask = ring - 1;
    watch(c, EPOLL_CTL_ADD, false);
}

// --- The loops ----------------------------------------------------------------------------------------------------

static unsigned computing_count(void) {
    return options.compute_every > 0 ? connections_to_stall : options.compute ? 1U : 0U;
}

// Those that are counted come first, then those for computing, then the idle ones.
static unsigned loaded_count(void) { return options.connections + computing_count(); }

static unsigned connection_count(void) { return loaded_count() + options.idle_connections; }

static bool more_to_ask(void) { return options.requests == 0 || asked < options.requests; }

// Waits up to `timeout_ns` for replies and takes them; in a closed loop each is followed by the next request.
static void handle_events(uint64_t timeout_ns, bool closed_loop) {
    static struct epoll_event events[events_a_wait];
    const struct timespec timeout = {.tv_sec = (time_t)(timeout_ns / second_ns),
                                     .tv_nsec = (long)(timeout_ns % second_ns)};
    const int count = epoll_pwait2(epoll_fd, events, events_a_wait, &timeout, NULL);
    if (count < 0 && errno != EINTR) die("epoll_pwait2");
    for (int i = 0; i < count; ++i) {
        struct connection* c = events[i].data.ptr;
        if ((events[i].events & EPOLLOUT) != 0) flush(c);
        if ((events[i].events & ~(uint32_t)EPOLLOUT) == 0) continue;
        const uint64_t time_ns = now_ns();
        const uint64_t done = take_replies(c, time_ns);
        const bool again = c->uncounted ? options.compute : closed_loop && more_to_ask();
        if (done > 0 && again) ask(c, done, time_ns);
    }
}

static void run_closed_loop(uint64_t until_ns) {
    while (options.requests != 0 ? replies < options.requests : now_ns() < until_ns)
        handle_events(second_ns / 10, true);
}

// In an open loop.
static struct connection* connection_for(uint64_t request) {
    const unsigned every = options.compute_every;
    if (every > 0 && request % every == 0)
        return &connections[options.connections + request / every % connections_to_stall];
    return &connections[request % options.connections];
}

static void run_open_loop(uint64_t until_ns) {
    const double interval_ns = 1e9 / options.rate;
    const uint64_t start_ns = now_ns();
    for (uint64_t i = 0;; ++i) {
        const uint64_t due_ns = start_ns + (uint64_t)((double)i * interval_ns);
        if (due_ns >= until_ns) return;
        for (uint64_t time_ns = now_ns(); time_ns < due_ns; time_ns = now_ns())
            handle_events(due_ns - time_ns, false);
        struct connection* c = connection_for(i);
        if ((c->asked_bytes - c->received_bytes) / options.message_bytes >= ring_open_loop) {
            fail("the server does not keep up with the rate");
        }
        ask(c, 1, due_ns);
        if (i % 16 == 15)
            handle_events(0, false);  // when behind the schedule, replies still have to be read
    }
}

static uint64_t outstanding(void) { return asked - replies; }

static void run_for(double seconds) {
    const uint64_t until_ns = now_ns() + (uint64_t)(seconds * 1e9);
    if (options.rate > 0) {
        run_open_loop(until_ns);
    } else {
        run_closed_loop(until_ns);
    }
}

static void start_requests(void) {
    const uint64_t time_ns = now_ns();
    for (unsigned i = 0; i < loaded_count(); ++i) {
        struct connection* c = &connections[i];
        if (c->uncounted) {
            if (options.compute) ask(c, 1, time_ns);
        } else if (options.rate == 0) {
            ask(c, options.depth, time_ns);
        }
    }
}

static void ask_each_once(unsigned first, unsigned count) {
    const uint64_t time_ns = now_ns();
    for (unsigned i = first; i < first + count; ++i) ask(&connections[i], 1, time_ns);
    while (outstanding() > 0) handle_events(second_ns, false);
}

static void keep_connections(void) {
    ask_each_once(0, options.connections);
    printf("kept %u\n", options.connections);
    fflush(stdout);
    while (read(STDIN_FILENO, received, sizeof received) > 0) {
    }
}

// --- Start and report ---------------------------------------------------------------------------------------------

static void report(const struct snapshot* from, const struct snapshot* to) {
    const double seconds = (double)(to->time_ns - from->time_ns) / 1e9;
    const uint64_t count = to->replies - from->replies;
    printf("{\"connections\": %u, \"message_bytes\": %u, \"depth\": %u, \"rate\": %.0f, ",
           options.connections, options.message_bytes, options.depth, options.rate);
    printf("\"requests\": %llu, \"seconds\": %.6f, \"requests_per_second\": %.1f, ",
           (unsigned long long)count, seconds, (double)count / seconds);
    print_latencies(&latencies);
    if (options.server_pid != 0) print_cpu_times(&from->server, &to->server);
    printf("\"client_cpu_ns\": %llu}\n", (unsigned long long)(to->own_cpu_ns - from->own_cpu_ns));
}

static void parse_options(int argc, char** argv) {
    for (int option; (option = getopt(argc, argv, "c:s:p:t:w:n:r:P:i:xz:k")) != -1;) {
        switch (option) {
            case 'c':
                options.connections = (unsigned)atoi(optarg);
                break;
            case 's':
                options.message_bytes = (unsigned)atoi(optarg);
                break;
            case 'p':
                options.depth = (unsigned)atoi(optarg);
                break;
            case 't':
                options.seconds = atof(optarg);
                break;
            case 'w':
                options.warmup_seconds = atof(optarg);
                break;
            case 'n':
                options.requests = strtoull(optarg, NULL, 10);
                break;
            case 'r':
                options.rate = atof(optarg);
                break;
            case 'P':
                options.server_pid = (pid_t)atoi(optarg);
                break;
            case 'i':
                options.idle_connections = (unsigned)atoi(optarg);
                break;
            case 'x':
                options.compute = true;
                break;
            case 'z':
                options.compute_every = (unsigned)atoi(optarg);
                break;
            case 'k':
                options.keep = true;
                break;
            default:
                exit(2);
        }
    }
    if (optind + 1 != argc || options.connections == 0 || options.message_bytes == 0 ||
        options.depth == 0 || options.message_bytes > chunk_bytes || options.rate < 0 ||
        (options.compute_every > 0 && (options.compute || options.rate == 0))) {
        fail(
            "usage: load_client [options] 127.0.0.1:PORT (the options stand at the top of "
            "load_client.c)");
    }
    options.server = parse_address(argv[optind]);
}

static char* make_pattern(char first) {
    const size_t size = (size_t)chunk_bytes + options.message_bytes;
    char* bytes = malloc(size);
    if (bytes == NULL) die("malloc");
    for (size_t i = 0; i < size; ++i) {
        const size_t at = i % options.message_bytes;
        bytes[i] = at == 0 ? first : (char)('a' + at % 26);
    }
    return bytes;
}

static void open_connections(void) {
    uint64_t ring = options.rate > 0 ? ring_open_loop : 1;
    while (ring < options.depth) ring *= 2;
    pattern = make_pattern('-');
    compute_pattern = make_pattern('C');
    connections = calloc(connection_count(), sizeof *connections);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (connections == NULL || epoll_fd < 0) die("start");
    for (unsigned i = 0; i < connection_count(); ++i) {
        connections[i].uncounted = i >= options.connections && i < loaded_count();
        open_connection(&connections[i], ring);
    }
}

int main(int argc, char** argv) {
    parse_options(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    open_connections();
    if (options.keep) {
        keep_connections();
        return 0;
    }
    ask_each_once(loaded_count(), options.idle_connections);
    asked = replies = 0;
    if (options.requests != 0) {
        measuring = true;
        const struct snapshot from = take_snapshot();
        start_requests();
        run_for(0);
        const struct snapshot to = take_snapshot();
        report(&from, &to);
        return 0;
    }
    start_requests();
    run_for(options.warmup_seconds);
    measuring = true;
    const struct snapshot from = take_snapshot();
    run_for(options.seconds);
    const struct snapshot to = take_snapshot();
    const uint64_t deadline_ns = now_ns() + (uint64_t)(drain_seconds * 1e9);
    while (options.rate > 0 && outstanding() > 0 && now_ns() < deadline_ns)
        handle_events(second_ns / 100, false);
    if (options.rate > 0 && outstanding() > 0) fail("replies are missing after the end of the run");
    report(&from, &to);
    return 0;
}
