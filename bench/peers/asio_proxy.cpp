// SPDX-License-Identifier: MPL-2.0
// A TCP proxy on Boost.Asio: `asio_proxy TARGET ADDRESS`. One thread, callbacks, and a chain of them for each direction.

#include <array>
#include <boost/asio.hpp>
#include <boost/version.hpp>
#include <cstdio>
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
    explicit session(tcp::socket client)
        : client_(std::move(client)), server_(client_.get_executor()) {}

    void begin(const tcp::endpoint& target) {
        server_.async_connect(target, [self = shared_from_this()](error failed) {
            if (failed) return;
            self->server_.set_option(tcp::no_delay(true), failed);
            self->read(self->client_, self->server_, self->to_server_);
            self->read(self->server_, self->client_, self->to_client_);
        });
    }

private:
    using buffer = std::array<char, 16 * 1024>;

    void read(tcp::socket& from, tcp::socket& to, buffer& bytes) {
        from.async_read_some(asio::buffer(bytes), [self = shared_from_this(), &from, &to, &bytes](
                                                      error failed, std::size_t size) {
            if (!failed) {
                self->write(from, to, bytes, size);
            } else {
                to.shutdown(tcp::socket::shutdown_send, failed);
            }
        });
    }

    void write(tcp::socket& from, tcp::socket& to, buffer& bytes, std::size_t size) {
        asio::async_write(
            to, asio::buffer(bytes.data(), size),
            [self = shared_from_this(), &from, &to, &bytes](error failed, std::size_t) {
                if (!failed) self->read(from, to, bytes);
            });
    }

    tcp::socket client_;
    tcp::socket server_;
    buffer to_server_;
    buffer to_client_;
};

tcp::endpoint parse(const std::string& text) {
    const auto colon = text.rfind(':');
    return {asio::ip::make_address(text.substr(0, colon)),
            static_cast<unsigned short>(std::stoi(text.substr(colon + 1)))};
}

void accept(tcp::acceptor& acceptor, const tcp::endpoint& target) {
    acceptor.async_accept([&](error failed, tcp::socket client) {
        if (!failed) {
            client.set_option(tcp::no_delay(true), failed);
            std::make_shared<session>(std::move(client))->begin(target);
        }
        accept(acceptor, target);
    });
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc == 2 && std::strcmp(argv[1], "--version") == 0) {
        std::puts("Boost.Asio " BOOST_LIB_VERSION);
        return 0;
    }
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s TARGET ADDRESS\n", argv[0]);
        return 2;
    }
    const tcp::endpoint target = parse(argv[1]);
    asio::io_context context(1);
    tcp::acceptor acceptor(context, parse(argv[2]));
    acceptor.listen(4096);
    accept(acceptor, target);
    std::printf("listening on %s:%d\n", acceptor.local_endpoint().address().to_string().c_str(),
                acceptor.local_endpoint().port());
    std::fflush(stdout);
    context.run();
} catch (const std::exception& failed) {
    std::fprintf(stderr, "%s\n", failed.what());
    return 1;
}
