// SPDX-License-Identifier: MPL-2.0
// What docs/guide/hazards.md shows.
#include <cerrno>
#include <cstdio>
#include <mutex>
#include <string>
#include <system_error>

#include <mioco/config.hpp>
#include <mioco/error.hpp>
#include <mioco/fiber_local.hpp>
#include <mioco/mutex.hpp>
#include <mioco/net/tcp_stream.hpp>
#include <mioco/offload.hpp>
#include <mioco/spawn.hpp>
#include <mioco/time.hpp>

// snippet: thread-local
thread_local int calls_of_thread = 0;    // of whichever thread it is just now
mioco::fiber_local<int> calls_of_fiber;  // of this fiber, wherever it runs

void count(mioco::net::tcp_stream& connection) {
    ++calls_of_thread;  // this thread's
    ++*calls_of_fiber;
    char byte[1];
    connection.read_exactly(byte);  // may go on in another thread
    ++*calls_of_fiber;              // as above
    ++calls_of_thread;              // this thread's, or the former one's: nobody knows
}
// end

int legacy_open(const char* path);

// snippet: errno
int open_or_throw(const char* path) {
    const int fd = legacy_open(path);
    const int error = errno;  // at once: the next call that waits may change thread
    mioco::yield();
    if (fd < 0) throw std::system_error(error, std::generic_category(), path);
    return fd;
}
// end

// snippet: locks
std::mutex for_a_moment;  // never across a call that waits
mioco::mutex as_long_as_you_like;
int total = 0;

void add(mioco::net::tcp_stream& connection, int amount) {
    {
        const std::scoped_lock held(for_a_moment);
        total += amount;
    }
    const std::scoped_lock held(as_long_as_you_like);
    connection.write_all(std::to_string(amount));  // waits, with the lock
}
// end

void parse_deeply();

void stacks() {
    // snippet: stacks
    mioco::spawn({.name = "parser", .stack_size_bytes = 8 << 20}, parse_deeply);
    // end
}

void say_goodbye(mioco::net::tcp_stream& connection);

// snippet: destructor
class session {
    mioco::net::tcp_stream connection_;

public:
    explicit session(mioco::net::tcp_stream connection) : connection_(std::move(connection)) {}
    session(const session&) = delete;
    session& operator=(const session&) = delete;
    ~session() {
        std::error_code ignored;  // a destructor must not throw
        connection_.write_all(std::string("bye\n"), ignored);
    }
};
// end

void handle();

// snippet: catch-all
void guarded() {
    try {
        handle();
    } catch (const std::exception& e) {
        std::puts(e.what());
    } catch (...) {
        throw;  // a stop, among others
    }
}
// end

unsigned long long checksum(const std::string& data);

// snippet: blocking
unsigned long long off_the_workers(const std::string& data) {
    return mioco::offload([&] { return checksum(data); });
}
// end
