// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <string>

#include <mioco/owned_fd.hpp>
#include <mioco/pipe.hpp>
#include <mioco/process.hpp>

#include "io/driver.hpp"

namespace mioco::detail {

/// The standard streams of a child that is to be started.
struct child_streams {
    /// Its ends: all above 2, so that none is overwritten while they become 0, 1 and 2. None: as in this process.
    owned_fd theirs[3];
    pipe_writer input;
    pipe_reader output;
    pipe_reader error;

    /// 0, or a negative errno value; then `what` is told which stream it is about.
    int open(const process::options& how, std::string& what);

private:
    int open_one(int number, const process::stream& wanted);
    int open_pipe(int number);
};

/// The same descriptor under a number above 2, or a failure that it was given.
int above_standard(driver& io, int fd) noexcept;

}  // namespace mioco::detail
