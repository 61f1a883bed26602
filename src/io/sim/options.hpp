// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <utility>

#include <sys/socket.h>
#include <sys/time.h>

namespace mioco::detail::sim {

/// The options of a socket that are numbers, and those that do nothing here but are remembered.
class socket_options {
public:
    socket_options(int family, int type, std::size_t send_bytes, std::size_t receive_bytes)
        : family_(family), type_(type), send_bytes_(send_bytes), receive_bytes_(receive_bytes) {}

    /// As getsockopt(2) and setsockopt(2): 0 or a negative errno value.
    int get(int level, int name, void* value, socklen_t* size) const;
    int set(int level, int name, const void* value, socklen_t size);

    /// What was set, or the default.
    [[nodiscard]] int number(int level, int name) const noexcept;
    [[nodiscard]] std::size_t send_bytes() const noexcept { return send_bytes_; }
    [[nodiscard]] std::size_t receive_bytes() const noexcept { return receive_bytes_; }
    /// Whether a close is to break the connection.
    [[nodiscard]] bool breaks_on_close() const noexcept {
        return linger_.l_onoff != 0 && linger_.l_linger == 0;
    }

private:
    using key = std::pair<int, int>;

    [[nodiscard]] int refusal(int level) const noexcept;
    int set_struct(int name, const void* value, socklen_t size);

    int family_;
    int type_;
    std::size_t send_bytes_;
    std::size_t receive_bytes_;
    linger linger_{};
    timeval receive_timeout_{};
    timeval send_timeout_{};
    std::map<key, int> set_;  // what is not as at first
};

}  // namespace mioco::detail::sim
