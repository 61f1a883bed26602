// SPDX-License-Identifier: MPL-2.0
// An echo server on Boost.Asio's C++20 coroutines: one thread, a coroutine a connection.

#include <boost/asio.hpp>
#include <cstddef>
#include <memory>
#include <utility>

#include "asio_main.hpp"

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using error = boost::system::error_code;

// A client that goes away is no exception: the results come as tuples with their errors.
constexpr auto awaited = asio::as_tuple(asio::use_awaitable);

asio::awaitable<void> serve(tcp::socket socket) {
    const std::size_t buffer_bytes = echo_buffer_bytes();
    // Not set to zero: pages that are never read into need not be there.
    const auto buffer = std::make_unique_for_overwrite<char[]>(buffer_bytes);
    for (;;) {
        const auto [read_failed, size] =
            co_await socket.async_read_some(asio::buffer(buffer.get(), buffer_bytes), awaited);
        if (read_failed) co_return;
        const auto [write_failed, written] =
            co_await asio::async_write(socket, asio::buffer(buffer.get(), size), awaited);
        if (write_failed) co_return;
    }
}

asio::awaitable<void> accept_all(tcp::acceptor acceptor) {
    const auto executor = acceptor.get_executor();
    for (;;) {
        auto [failed, socket] = co_await acceptor.async_accept(awaited);
        if (failed) continue;
        error ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        asio::co_spawn(executor, serve(std::move(socket)), asio::detached);
    }
}

}  // namespace

int main(int argc, char** argv) {
    return asio_main(argc, argv, [](tcp::acceptor acceptor) {
        const auto executor = acceptor.get_executor();
        asio::co_spawn(executor, accept_all(std::move(acceptor)), asio::detached);
    });
}
