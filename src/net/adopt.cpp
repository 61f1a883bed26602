// SPDX-License-Identifier: MPL-2.0
#include "net/adopt.hpp"

#include <cerrno>
#include <string>

#include <fcntl.h>

#include "base/sys.hpp"
#include "io/fd.hpp"
#include "net/result.hpp"

namespace mioco::detail {

fd_ref adopt_socket(int fd) {
    const std::string what = "adopt of descriptor " + std::to_string(fd);
    int type = 0;
    socklen_t size = sizeof type;
    if (const int failure = sys::get_option(fd, SOL_SOCKET, SO_TYPE, &type, &size); failure < 0) {
        throw_failure(failure, what);
    }
    if (type != SOCK_STREAM) throw_failure(-EPROTOTYPE, what);
    int family = 0;
    size = sizeof family;
    if (const int failure = sys::get_option(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
        failure < 0) {
        throw_failure(failure, what);
    }
    if (family != AF_INET && family != AF_INET6) throw_failure(-EAFNOSUPPORT, what);
    const int flags = sys::file_status_flags(fd);
    if (flags < 0) throw_failure(flags, what);
    fd_object* const object = new_fd_object(fd);
    if (object == nullptr) throw_failure(-ENOMEM, what);
    object->was_blocking = (flags & O_NONBLOCK) == 0;
    object->may_be_shared = true;
    sys::set_file_status_flags(fd, flags | O_NONBLOCK);
    return fd_ref(*object);
}

}  // namespace mioco::detail
