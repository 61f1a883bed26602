// SPDX-License-Identifier: MPL-2.0
// An echo server on Boost.Asio: one thread, callbacks, a session kept alive by its handlers, as in Asio's own examples.

#include <array>
#include <boost/asio.hpp>
#include <boost/version.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using error = boost::system::error_code;

class session : public std::enable_shared_from_this<session> {
public:
    explicit session(tcp::socket socket) : socket_(std::move(socket)) {}

    void read() {
        socket_.async_read_some(asio::buffer(buffer_),
                                [self = shared_from_this()](error failed, std::size_t size) {
                                    if (!failed) self->write(size);
                                });
    }

private:
    void write(std::size_t size) {
        asio::async_write(socket_, asio::buffer(buffer_.data(), size),
                          [self = shared_from_this()](error failed, std::size_t) {
                              if (!failed) self->read();
                          });
    }

    tcp::socket socket_;
    std::array<char, 16 * 1024> buffer_;
};

class server {
public:
    server(asio::io_context& context, const tcp::endpoint& at) : acceptor_(context) {
        acceptor_.open(at.protocol());
        acceptor_.set_option(tcp::acceptor::reuse_address(true));
        acceptor_.bind(at);
        acceptor_.listen(4096);
        accept();
    }

    tcp::endpoint local() const { return acceptor_.local_endpoint(); }

private:
    void accept() {
        acceptor_.async_accept([this](error failed, tcp::socket socket) {
            if (!failed) {
                socket.set_option(tcp::no_delay(true), failed);
                std::make_shared<session>(std::move(socket))->read();
            }
            accept();
        });
    }

    tcp::acceptor acceptor_;
};

tcp::endpoint parse(const std::string& text) {
    const auto colon = text.rfind(':');
    return {asio::ip::make_address(text.substr(0, colon)),
            static_cast<unsigned short>(std::stoi(text.substr(colon + 1)))};
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc == 2 && std::strcmp(argv[1], "--version") == 0) {
        std::puts("Boost.Asio " BOOST_LIB_VERSION);
        return 0;
    }
    if (argc != 2) {
        std::fprintf(stderr, "usage: %s 127.0.0.1:PORT\n", argv[0]);
        return 2;
    }
    asio::io_context context(1);
    const server echo(context, parse(argv[1]));
    std::printf("listening on %s:%d\n", echo.local().address().to_string().c_str(),
                echo.local().port());
    std::fflush(stdout);
    context.run();
} catch (const std::exception& failed) {
    std::fprintf(stderr, "%s\n", failed.what());
    return 1;
}
