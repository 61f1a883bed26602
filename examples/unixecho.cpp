// SPDX-License-Identifier: MPL-2.0
//
// unixecho [path]
//
// The echo server at a Unix socket, /tmp/.unixecho.socket unless another path is given. A file that an earlier server has left there makes
// way, and Ctrl-C, which ends it, removes the file.

#include <csignal>
#include <cstdio>
#include <exception>
#include <system_error>
#include <utility>

#include <mioco/mioco.hpp>

namespace {

void serve(mioco::net::unix_stream connection) {
    std::error_code ec;
    for (;;) {
        const auto data = connection.read_lease(ec);
        if (ec || data.empty()) return;
        connection.write_all(data, ec);
        if (ec) return;
    }
}

void accept_all(const char* path) {
    mioco::stop_on_signal(SIGINT);
    auto listener =
        mioco::net::unix_listener::bind(path, {.remove_stale = true, .remove_on_close = true});
    std::printf("Starting unix echo server on \"%s\"\n", path);
    std::fflush(stdout);
    for (;;) mioco::spawn(serve, listener.accept());
}

}  // namespace

int main(int argc, char** argv) {
    try {
        mioco::run([&] { accept_all(argc > 1 ? argv[1] : "/tmp/.unixecho.socket"); });
    } catch (const std::system_error& e) {
        if (e.code() == std::errc::operation_canceled) return 0;  // Ctrl-C
        std::fprintf(stderr, "unixecho: %s\n", e.what());
        return 1;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "unixecho: %s\n", e.what());
        return 1;
    }
    return 0;
}
