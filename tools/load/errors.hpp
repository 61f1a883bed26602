// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <system_error>

#include <mioco/net/endpoint.hpp>

namespace mioco::load {

/// An argument that can't be used; the text says which, and what to give instead.
class bad_argument : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A fiber could not be made.
class no_fiber : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// There is no server where one was said to be; the text says so, and what to do.
class cannot_connect : public std::runtime_error {
public:
    cannot_connect(const net::endpoint& server, const std::error_code& why)
        : runtime_error(describe(server, why)) {}

private:
    static std::string describe(const net::endpoint& server, const std::error_code& why) {
        if (why == std::errc::connection_refused) {
            return "nobody listens on " + server.to_string() +
                   ": start a server there first (for instance with \"make echo\"), or give "
                   "another address";
        }
        return "can't connect to " + server.to_string() + ": " + why.message();
    }
};

}  // namespace mioco::load
