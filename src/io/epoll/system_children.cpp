// SPDX-License-Identifier: MPL-2.0
#include "io/epoll/system_children.hpp"

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.hpp"

namespace mioco::detail {

namespace {

// All three calls, as they came one by one, and a sandbox may know some: this process is no child of its own, and signal 0 is none. A
// shortage of descriptors says nothing about the kernel.
bool pidfds_work() noexcept {
    const int self = sys::open_child(::getpid());
    if (self < 0) return self == -EMFILE || self == -ENFILE;
    siginfo_t ended{};
    const bool work = sys::child_status({-1, self}, WEXITED | WNOHANG, ended) == -ECHILD &&
                      sys::signal_child({-1, self}, 0) == 0;
    sys::close(self);
    return work;
}

bool choose_pidfds() {
    const char* const wanted = std::getenv("MIOCO_CHILDREN");
    const std::string method = wanted == nullptr ? "" : wanted;
    if (method == "thread") return false;
    if (!method.empty() && method != "pidfd") {
        throw std::invalid_argument("mioco: MIOCO_CHILDREN = \"" + method +
                                    "\": allowed is pidfd or thread");
    }
    const bool work = pidfds_work();
    if (!work && !method.empty()) {
        throw std::invalid_argument(
            "mioco: MIOCO_CHILDREN = \"pidfd\": there are none here (Linux 5.4); allowed is "
            "thread");
    }
    return work;
}

}  // namespace

bool system_has_child_descriptors() {
    static const bool has = choose_pidfds();
    return has;
}

}  // namespace mioco::detail
