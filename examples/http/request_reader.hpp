// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace http {

struct request {
    std::string path;   // without the query
    bool head = false;  // wants the header of the reply alone
    bool http_1_0 = false;
    bool keep_alive = false;  // the connection stays open for another request
};

/// Takes the bytes of a connection as they come, and finds the requests in them, however they are cut. Their bodies, by length or in
/// chunks, are passed over. Knows nothing of sockets.
class request_reader {
public:
    enum class result {
        request,     // see `current`
        incomplete,  // it takes more bytes
        go_ahead,  // the client has sent a header, and waits for a "100 Continue" before it sends the body
        malformed,  // no HTTP: nothing more can be read
        too_large   // the header is: nothing more can be read
    };
    static constexpr std::size_t largest_header_bytes = 16 * 1024;

    request_reader();
    ~request_reader();
    request_reader(const request_reader&) = delete;
    request_reader& operator=(const request_reader&) = delete;

    void add(std::string_view bytes);
    /// To be called until it gives something else than a request.
    result next();
    /// The request that `next` has found; until its next call.
    [[nodiscard]] const request& current() const { return current_; }

private:
    class parser;

    void begin_request();

    request current_;
    std::unique_ptr<parser> parser_;
    std::string bytes_;
    std::size_t read_ = 0;  // of them
};

}  // namespace http
