// SPDX-License-Identifier: MPL-2.0
// An echo server on Boost.Asio: one thread, callbacks, a session kept alive by its handlers, as in Asio's own examples.

#include <boost/asio.hpp>
#include <cstddef>
#include <memory>
#include <utility>

#include "asio_main.hpp"

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using error = boost::system::error_code;

class session : public std::enable_shared_from_this<session> {
public:
    explicit session(tcp::socket socket) : socket_(std::move(socket)) {}

    void read() {
        socket_.async_read_some(asio::buffer(buffer_.get(), buffer_bytes_),
                                [self = shared_from_this()](error failed, std::size_t size) {
                                    if (!failed) self->write(size);
                                });
    }

private:
    void write(std::size_t size) {
        asio::async_write(socket_, asio::buffer(buffer_.get(), size),
                          [self = shared_from_this()](error failed, std::size_t) {
                              if (!failed) self->read();
                          });
    }

    tcp::socket socket_;
    std::size_t buffer_bytes_ = echo_buffer_bytes();
    // Not set to zero: pages that are never read into need not be there.
    std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(buffer_bytes_);
};

void accept_all(const std::shared_ptr<tcp::acceptor>& acceptor) {
    acceptor->async_accept([acceptor](error failed, tcp::socket socket) {
        if (!failed) {
            socket.set_option(tcp::no_delay(true), failed);
            std::make_shared<session>(std::move(socket))->read();
        }
        accept_all(acceptor);
    });
}

}  // namespace

int main(int argc, char** argv) {
    return asio_main(argc, argv, [](tcp::acceptor acceptor) {
        accept_all(std::make_shared<tcp::acceptor>(std::move(acceptor)));
    });
}
