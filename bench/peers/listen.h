// SPDX-License-Identifier: MPL-2.0
// What the rivals' servers have in common: opening the listening socket and saying where it is.
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { echo_buffer_usual_bytes = 16 * 1024, echo_backlog = 4096 };

static inline void die(const char* what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

// What a server reads into at once: ECHO_BUFFER_BYTES, or as much as is usual.
static inline size_t echo_buffer_bytes(void) {
    const char* text = getenv("ECHO_BUFFER_BYTES");
    return text != NULL ? strtoul(text, NULL, 10) : echo_buffer_usual_bytes;
}

static inline char* make_echo_buffer(void) {
    char* buffer = (char*)malloc(echo_buffer_bytes());
    if (buffer == NULL) die("malloc");
    return buffer;
}

// Opens a non-blocking listener at "a.b.c.d:port" and prints the address it got as the first line. TCP_NODELAY is set
// on the listener: Linux hands it on to each accepted socket, so that no server pays a call a connection for it.
static inline int listen_and_report(int argc, char** argv, const char* version) {
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("%s\n", version);
        exit(0);
    }
    const char* text = argc == 2 ? argv[1] : "";
    const char* colon = strrchr(text, ':');
    char host[INET_ADDRSTRLEN] = "";
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    if (colon != NULL && (size_t)(colon - text) < sizeof host) {
        memcpy(host, text, (size_t)(colon - text));
        address.sin_port = htons((uint16_t)atoi(colon + 1));
    }
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) {
        fprintf(stderr, "usage: %s 127.0.0.1:PORT\n", argv[0]);
        exit(2);
    }
    signal(SIGPIPE, SIG_IGN);
    const int one = 1;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) die("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (bind(fd, (struct sockaddr*)&address, sizeof address) != 0) die("bind");
    if (listen(fd, echo_backlog) != 0) die("listen");
    socklen_t size = sizeof address;
    getsockname(fd, (struct sockaddr*)&address, &size);
    printf("listening on %s:%d\n", host, ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}
