// SPDX-License-Identifier: MPL-2.0
// An echo server on Boost.Fiber: a fiber a connection, one thread, guarded stacks.

#include <boost/fiber/all.hpp>
#include <boost/version.hpp>
#include <memory>

#include "boost_fiber_epoll.hpp"
#include "listen.h"

namespace {

const std::size_t buffer_bytes = echo_buffer_bytes();

void serve(int fd) {
    peer::socket connection(fd);
    // Not set to zero: pages that are never read into need not be there.
    const auto buffer = std::make_unique_for_overwrite<char[]>(buffer_bytes);
    for (;;) {
        const ssize_t got = connection.read(buffer.get(), buffer_bytes);
        if (got <= 0 || !connection.write_all(buffer.get(), static_cast<std::size_t>(got))) return;
    }
}

}  // namespace

int main(int argc, char** argv) {
    const int fd = listen_and_report(argc, argv, "Boost.Fiber " BOOST_LIB_VERSION);
    boost::fibers::use_scheduling_algorithm<peer::epoll_scheduler>();
    peer::socket listener(fd);
    for (;;) {
        const int accepted = listener.accept();
        if (accepted < 0) die("accept");
        boost::fibers::fiber(std::allocator_arg, boost::fibers::protected_fixedsize_stack(), serve,
                             accepted)
            .detach();
    }
}
