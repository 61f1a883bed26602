// SPDX-License-Identifier: MPL-2.0
// What Asio's servers have in common: a loop on one thread, and a listener from listen.h.
#pragma once

#include <boost/asio.hpp>
#include <boost/version.hpp>
#include <cstdio>
#include <exception>
#include <utility>

#include "listen.h"

// `start` gets the acceptor, and has something wait on it.
template <class Start>
int asio_main(int argc, char** argv, Start start) try {
    using boost::asio::ip::tcp;
    const int fd = listen_and_report(argc, argv, "Boost.Asio " BOOST_LIB_VERSION);
    boost::asio::io_context context(1);
    start(tcp::acceptor(context, tcp::v4(), fd));
    context.run();
    return 0;
} catch (const std::exception& failed) {
    std::fprintf(stderr, "%s\n", failed.what());
    return 1;
}
