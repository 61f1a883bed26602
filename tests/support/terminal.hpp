// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdlib>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>
#include <mioco/owned_fd.hpp>

namespace mioco_test {

/// A terminal, and the end by which a test types and sees what is shown. Nothing is changed on the way between them.
struct terminal {
    mioco::owned_fd controller{posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    mioco::owned_fd screen;

    terminal() {
        char name[64];
        if (grantpt(controller.get()) != 0 || unlockpt(controller.get()) != 0 ||
            ptsname_r(controller.get(), name, sizeof name) != 0)
            throw std::runtime_error("no pseudo-terminal");
        screen = mioco::owned_fd(open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
        termios settings{};
        tcgetattr(screen.get(), &settings);
        cfmakeraw(&settings);
        tcsetattr(screen.get(), TCSANOW, &settings);
    }
};

/// While it lives another descriptor is in the place of this number, such as a standard stream's; -1: none is.
class replaced_descriptor {
public:
    replaced_descriptor(int number, int by) : number_(number), before_(dup(number)) {
        if (by < 0) {
            close(number);
        } else {
            dup2(by, number);
        }
    }
    ~replaced_descriptor() { dup2(before_.get(), number_); }
    replaced_descriptor(const replaced_descriptor&) = delete;
    replaced_descriptor& operator=(const replaced_descriptor&) = delete;

private:
    int number_;
    mioco::owned_fd before_;
};

inline bool is_blocking(int fd) { return (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0; }

}  // namespace mioco_test
