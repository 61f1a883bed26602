// SPDX-License-Identifier: MPL-2.0
// Makes connections to an echo server, each for one message: connect, send, receive, close. On bare epoll and one thread.
//
//     churn_client [options] 127.0.0.1:PORT
//       -c N    connections at a time (32)
//       -s N    bytes a message (26)
//       -t S    seconds to measure (2), after -w S of warm-up (0.2)
//       -n N    instead of -t: so many connections, no warm-up
//       -P PID  the server: report its CPU time over the very window in which connections are counted
//
// It prints one line of JSON. A connection takes from before its socket is made until its reply is there. It is closed
// in the ordinary way, so its port stays taken for a while: the connections come from many addresses, which have ports
// each.

#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "client.h"
#include "histogram.h"

enum { most_bytes = 64 * 1024, events_a_wait = 256, first_source = 2, sources = 250 };

struct options {
    struct sockaddr_in server;
    unsigned at_a_time;
    unsigned message_bytes;
    double seconds;
    double warmup_seconds;
    uint64_t connections;
    pid_t server_pid;
};

struct connection {
    int fd;
    unsigned received_bytes;
    uint64_t begun_ns;
};

struct snapshot {
    uint64_t time_ns;
    uint64_t done;
    struct cpu_times server;
    uint64_t own_cpu_ns;
};

static struct options options = {
    .at_a_time = 32, .message_bytes = 26, .seconds = 2, .warmup_seconds = 0.2};
static int epoll_fd;
static char message[most_bytes];
static char received[most_bytes];
static struct histogram latencies;
static bool measuring;
static uint64_t begun;
static uint64_t done;

static struct snapshot take_snapshot(void) {
    struct snapshot s = {
        .time_ns = now_ns(), .done = done, .own_cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID)};
    if (options.server_pid != 0) s.server = cpu_times_of(options.server_pid);
    return s;
}

static void bind_to_next_source(int fd) {
    const int one = 1;
    const struct sockaddr_in source = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + first_source + (uint32_t)(begun % sources))};
    // The port is chosen at the connect: any that is not in use to this server.
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one) != 0 ||
        bind(fd, (const struct sockaddr*)&source, sizeof source) != 0)
        die("bind");
}

// On loopback a connect and a send of little do not wait, so they need not be told by events.
static void begin(struct connection* c) {
    c->begun_ns = now_ns();
    c->received_bytes = 0;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0) die("socket");
    bind_to_next_source(c->fd);
    ++begun;
    if (connect(c->fd, (struct sockaddr*)&options.server, sizeof options.server) != 0)
        die("connect");
    if (send(c->fd, message, options.message_bytes, MSG_NOSIGNAL) != (ssize_t)options.message_bytes)
        die("send");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event) != 0) die("epoll_ctl");
}

static bool more_to_begin(void) { return options.connections == 0 || begun < options.connections; }

static void take_reply(struct connection* c) {
    const ssize_t got = recv(c->fd, received, sizeof received, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got < 0) die("recv");
    if (got == 0) fail("the server closed a connection");
    if (c->received_bytes + (uint64_t)got > options.message_bytes ||
        memcmp(received, message + c->received_bytes, (size_t)got) != 0)
        fail("a reply differs from its request");
    c->received_bytes += (unsigned)got;
    if (c->received_bytes < options.message_bytes) return;
    if (measuring) histogram_add(&latencies, now_ns() - c->begun_ns);
    ++done;
    close(c->fd);
    if (more_to_begin()) begin(c);
}

static void run_until(uint64_t until_ns) {
    static struct epoll_event events[events_a_wait];
    while (options.connections != 0 ? done < options.connections : now_ns() < until_ns) {
        const int count = epoll_wait(epoll_fd, events, events_a_wait, 100);
        if (count < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < count; ++i) take_reply(events[i].data.ptr);
    }
}

static uint64_t in_seconds(double seconds) { return now_ns() + (uint64_t)(seconds * 1e9); }

static void report(const struct snapshot* from, const struct snapshot* to) {
    const double seconds = (double)(to->time_ns - from->time_ns) / 1e9;
    const uint64_t count = to->done - from->done;
    printf("{\"at_a_time\": %u, \"message_bytes\": %u, \"requests\": %llu, \"seconds\": %.6f, ",
           options.at_a_time, options.message_bytes, (unsigned long long)count, seconds);
    printf("\"requests_per_second\": %.1f, ", (double)count / seconds);
    print_latencies(&latencies);
    if (options.server_pid != 0) print_cpu_times(&from->server, &to->server);
    printf("\"client_cpu_ns\": %llu}\n", (unsigned long long)(to->own_cpu_ns - from->own_cpu_ns));
}

static void parse_options(int argc, char** argv) {
    for (int option; (option = getopt(argc, argv, "c:s:t:w:n:P:")) != -1;) {
        switch (option) {
            case 'c':
                options.at_a_time = (unsigned)atoi(optarg);
                break;
            case 's':
                options.message_bytes = (unsigned)atoi(optarg);
                break;
            case 't':
                options.seconds = atof(optarg);
                break;
            case 'w':
                options.warmup_seconds = atof(optarg);
                break;
            case 'n':
                options.connections = strtoull(optarg, NULL, 10);
                break;
            case 'P':
                options.server_pid = (pid_t)atoi(optarg);
                break;
            default:
                exit(2);
        }
    }
    if (optind + 1 != argc || options.at_a_time == 0 || options.message_bytes == 0 ||
        options.message_bytes > most_bytes)
        fail(
            "usage: churn_client [options] 127.0.0.1:PORT (they stand at the top of "
            "churn_client.c)");
    options.server = parse_address(argv[optind]);
}

int main(int argc, char** argv) {
    parse_options(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    for (unsigned i = 0; i < options.message_bytes; ++i) message[i] = (char)('a' + i % 26);
    struct connection* connections = calloc(options.at_a_time, sizeof *connections);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (connections == NULL || epoll_fd < 0) die("start");
    measuring = options.connections != 0;
    struct snapshot from = take_snapshot();
    for (unsigned i = 0; i < options.at_a_time && more_to_begin(); ++i) begin(&connections[i]);
    if (options.connections == 0) {
        run_until(in_seconds(options.warmup_seconds));
        measuring = true;
        from = take_snapshot();
    }
    run_until(in_seconds(options.seconds));
    const struct snapshot to = take_snapshot();
    report(&from, &to);
    return 0;
}
