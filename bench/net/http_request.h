// SPDX-License-Identifier: MPL-2.0
// Finds HTTP requests in bytes: as much of RFC 9112 as a server needs that answers GET. Requests with a body it refuses.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct http_request {
    bool keep_alive;
};

static const char http_hello[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!";
static const char http_hello_close[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\nConnection: "
    "close\r\n\r\nHello, World!";
static const char http_bad[] =
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

enum { http_incomplete = 0, http_malformed = -1, http_largest_head = 8192 };

static inline bool http_is(const char* text, size_t size, const char* lower) {
    return size == strlen(lower) && strncasecmp(text, lower, size) == 0;
}

// "METHOD target HTTP/1.x", without a blank too much.
static inline bool http_read_first_line(const char* line, size_t size, struct http_request* r) {
    const char* target = (const char*)memchr(line, ' ', size);
    if (target == NULL || target == line) return false;
    ++target;
    const size_t left = size - (size_t)(target - line);
    const char* version = (const char*)memchr(target, ' ', left);
    if (version == NULL || version == target) return false;
    ++version;
    if (size - (size_t)(version - line) != 8 || memcmp(version, "HTTP/1.", 7) != 0) return false;
    r->keep_alive = version[7] == '1';
    return version[7] == '0' || version[7] == '1';
}

static inline bool http_read_field(const char* line, size_t size, struct http_request* r) {
    const char* colon = (const char*)memchr(line, ':', size);
    if (colon == NULL || colon == line || colon[-1] == ' ') return false;
    const size_t name = (size_t)(colon - line);
    const char* value = colon + 1;
    const char* end = line + size;
    while (value < end && (*value == ' ' || *value == '\t')) ++value;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t')) --end;
    const size_t length = (size_t)(end - value);
    if (http_is(line, name, "connection")) {
        if (http_is(value, length, "close")) r->keep_alive = false;
        if (http_is(value, length, "keep-alive")) r->keep_alive = true;
    }
    if (http_is(line, name, "transfer-encoding")) return false;
    return !http_is(line, name, "content-length") || http_is(value, length, "0");
}

// The size of the request that the bytes begin with, or http_incomplete, or http_malformed.
static inline long http_next(const char* data, size_t size, struct http_request* r) {
    const char* end = (const char*)memmem(data, size, "\r\n\r\n", 4);
    if (end == NULL) return size > http_largest_head ? http_malformed : http_incomplete;
    bool good = true;
    for (const char* line = data; good && line < end + 2;) {
        const char* next = (const char*)memchr(line, '\r', (size_t)(end + 1 - line));
        good = next[1] == '\n' && (line == data ? http_read_first_line : http_read_field)(
                                      line, (size_t)(next - line), r);
        line = next + 2;
    }
    if (!good) return http_malformed;
    return (long)(end + 4 - data);
}

// What is to be sent for all requests that the bytes hold whole. `*used` becomes the size of these, and `*open` whether
// the connection stays open after that. `out` has room for `room` bytes.
static inline size_t http_answer(const char* data, size_t size, char* out, size_t room,
                                 size_t* used, bool* open) {
    size_t made = 0;
    *used = 0;
    *open = true;
    while (*open && *used < size && room - made >= sizeof http_hello_close) {
        struct http_request request;
        const long got = http_next(data + *used, size - *used, &request);
        if (got == http_incomplete) break;
        *open = got > 0 && request.keep_alive;
        const char* reply = got < 0 ? http_bad : *open ? http_hello : http_hello_close;
        const size_t reply_size = strlen(reply);
        memcpy(out + made, reply, reply_size);
        made += reply_size;
        *used += got < 0 ? 0 : (size_t)got;
    }
    return made;
}
