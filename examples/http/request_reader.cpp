// SPDX-License-Identifier: MPL-2.0
#include "request_reader.hpp"

#include <algorithm>
#include <cstdint>

// Boost.Beast's parser, and nothing else of it: no file but this one has to know.
#if !__has_include(<boost/beast/http/basic_parser.hpp>)
#error "http-server needs the parser of Boost.Beast, which is in Debian's package libboost1.81-dev"
#endif
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>

namespace http {

namespace beast = boost::beast;
using beast::http::error;
using parse_error = beast::error_code;

// One request. How long its lines may be is bounded in `next`; how much its header may be in all, here.
class request_reader::parser final : public beast::http::basic_parser<true> {
public:
    explicit parser(request& into) : into_(&into) {
        eager(true);  // does not stop between header and body
        header_limit(largest_header_bytes);
        body_limit(boost::none);
    }

    // Once.
    bool waits_for_go_ahead() {
        const bool waits = expects_ && is_header_done() && !body_begun_;
        expects_ = expects_ && !waits;
        return waits;
    }

private:
    using text = beast::string_view;

    void count(std::size_t header_bytes, parse_error& ec) {
        header_bytes_ += header_bytes;
        if (header_bytes_ > largest_header_bytes) ec = error::header_limit;
    }

    void on_request_impl(beast::http::verb method, text /*name*/, text target, int version,
                         parse_error& ec) override {
        count(target.size(), ec);
        into_->head = method == beast::http::verb::head;
        into_->http_1_0 = version < 11;
        // The whole form, as proxies use it, is to be understood by every server.
        if (beast::iequals(target.substr(0, 7), "http://")) {
            target.remove_prefix(7);
            target.remove_prefix(std::min(target.find('/'), target.size()));
            if (target.empty()) target = "/";
        }
        const auto path = target.substr(0, target.find('?'));
        into_->path.assign(path.data(), path.size());
    }
    void on_field_impl(beast::http::field name, text spelled, text value,
                       parse_error& ec) override {
        count(spelled.size() + value.size(), ec);
        if (name == beast::http::field::transfer_encoding) is_coded_ = true;
        if (name == beast::http::field::expect && beast::iequals(value, "100-continue"))
            expects_ = !into_->http_1_0;
    }
    // Where a body ends that is coded otherwise nobody can tell, and it must not be taken for the next request.
    void on_header_impl(parse_error& ec) override {
        if (is_coded_ && !chunked()) ec = error::bad_transfer_encoding;
    }
    std::size_t on_body_impl(text body, parse_error&) override {
        body_begun_ = true;
        return body.size();
    }
    void on_chunk_header_impl(std::uint64_t, text, parse_error&) override { body_begun_ = true; }
    std::size_t on_chunk_body_impl(std::uint64_t, text body, parse_error&) override {
        return body.size();
    }
    void on_response_impl(int, text, int, parse_error&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, parse_error&) override {}
    void on_finish_impl(parse_error&) override {}

    request* into_;
    std::size_t header_bytes_ = 0;
    bool is_coded_ = false;
    bool expects_ = false;
    bool body_begun_ = false;
};

request_reader::request_reader() = default;
request_reader::~request_reader() = default;

void request_reader::add(std::string_view bytes) {
    bytes_.erase(0, read_);
    read_ = 0;
    bytes_ += bytes;
}

void request_reader::begin_request() {
    // Some clients send an empty line after a body.
    read_ = std::min(bytes_.find_first_not_of("\r\n", read_), bytes_.size());
    if (read_ < bytes_.size()) parser_ = std::make_unique<parser>(current_);
}

request_reader::result request_reader::next() {
    if (!parser_) begin_request();
    if (!parser_) return result::incomplete;
    parse_error ec;
    read_ += parser_->put(boost::asio::buffer(bytes_.data() + read_, bytes_.size() - read_), ec);
    if (ec == error::header_limit) return result::too_large;
    if (ec && ec != error::need_more) return result::malformed;
    if (parser_->is_done()) {
        current_.keep_alive = parser_->keep_alive();
        parser_.reset();
        return result::request;
    }
    // What it leaves then is a line that has not come to its end.
    if (bytes_.size() - read_ > largest_header_bytes) return result::too_large;
    return parser_->waits_for_go_ahead() ? result::go_ahead : result::incomplete;
}

}  // namespace http
