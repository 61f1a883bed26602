// SPDX-License-Identifier: MPL-2.0
// Says "Hello, World!" in HTTP: `http_hello ADDRESS`. Connections stay open; requests may be pipelined, or come in parts.

#include <array>
#include <string>
#include <string_view>
#include <system_error>

#include <mioco/mioco.hpp>

#include "http_request.h"
#include "serving.hpp"

namespace {

// Answers all that has come whole, and drops it from `bytes`. False when the connection is to be closed.
bool answer(mioco::net::tcp_stream& connection, std::string_view& bytes) {
    std::array<char, 2048> replies;
    for (;;) {
        std::size_t used = 0;
        bool open = true;
        const std::size_t size =
            http_answer(bytes.data(), bytes.size(), replies.data(), replies.size(), &used, &open);
        if (size == 0) return true;
        bytes.remove_prefix(used);
        std::error_code failed;
        connection.write_all(std::string_view(replies.data(), size), failed);
        if (failed || !open) return false;
    }
}

void serve(mioco::net::tcp_stream connection) {
    std::error_code failed;
    std::string rest;  // of a request that has not come whole
    for (;;) {
        const auto message = connection.read_lease(failed);
        if (failed || message.empty()) return;
        if (!rest.empty()) rest += message.text();
        std::string_view bytes = rest.empty() ? message.text() : std::string_view(rest);
        if (!answer(connection, bytes)) return;
        if (!bytes.empty() || !rest.empty()) rest = std::string(bytes);
    }
}

}  // namespace

int main(int argc, char** argv) { return serve_at_only_argument(argc, argv, serve); }
