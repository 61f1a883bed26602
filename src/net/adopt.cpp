// SPDX-License-Identifier: MPL-2.0
#include "net/adopt.hpp"

#include <cerrno>
#include <string>

#include <mioco/owned_fd.hpp>

#include "io/driver.hpp"
#include "io/fd.hpp"
#include "net/result.hpp"

namespace mioco {

void owned_fd::reset() noexcept {
    if (fd_ >= 0) detail::current_driver().close(std::exchange(fd_, -1));
}

}  // namespace mioco

namespace mioco::detail {

namespace {

// Its value, or a negative errno value.
int socket_option_of(int fd, int name) noexcept {
    int value = 0;
    socklen_t size = sizeof value;
    const int failure = current_driver().get_option(fd, SOL_SOCKET, name, &value, &size);
    return failure < 0 ? failure : value;
}

bool is_of_kind(int family, address_kind kind) noexcept {
    if (kind == address_kind::local) return family == AF_UNIX;
    return family == AF_INET || family == AF_INET6;
}

// 0, or a negative errno value.
int check_socket(int fd, int type, address_kind kind) noexcept {
    const int found = socket_option_of(fd, SO_TYPE);
    if (found < 0) return found;
    if (found != type) return -EPROTOTYPE;
    const int family = socket_option_of(fd, SO_DOMAIN);
    if (family < 0) return family;
    return is_of_kind(family, kind) ? 0 : -EAFNOSUPPORT;
}

}  // namespace

std::string adopt_text(int fd) { return "adopt of descriptor " + std::to_string(fd); }

bool refuse_foreign(int fd, std::string what, std::error_code* ec) {
    const char* const why = current_driver().why_foreign(fd);
    if (why == nullptr) return false;
    report(-EOPNOTSUPP, what += why, ec);
    return true;
}

fd_ref adopt_any(int fd, const std::string& what, std::error_code* ec) {
    if (refuse_foreign(fd, what, ec)) return {};
    driver& io = current_driver();
    fd_object* object = nullptr;
    int result = io.make_non_blocking(fd);
    if (result >= 0) {
        const bool was_blocking = result > 0;
        object = new_fd_object(fd);
        if (object != nullptr) {
            object->was_blocking = was_blocking;
            object->may_be_shared = true;
        } else {
            if (was_blocking) io.make_blocking(fd);
            result = -ENOMEM;
        }
    }
    report(result, what, ec);
    return object != nullptr ? fd_ref(*object) : fd_ref();
}

fd_ref adopt_socket(int fd, int type, address_kind kind, std::error_code* ec) {
    const std::string what = adopt_text(fd);
    if (refuse_foreign(fd, what, ec)) return {};
    if (const int failure = check_socket(fd, type, kind); failure < 0) {
        report(failure, what, ec);
        return {};
    }
    return adopt_any(fd, what, ec);
}

std::pair<fd_ref, fd_ref> make_fd_pair(const int (&ends)[2]) {
    owned_fd second(ends[1]);
    fd_ref first(make_fd(ends[0]));
    return {std::move(first), fd_ref(make_fd(second.release()))};
}

void expect_parts(const fd_ref& fd) noexcept {
    fd.get()->marks.fetch_or(fd_object::in_parts, std::memory_order_seq_cst);
}

}  // namespace mioco::detail
