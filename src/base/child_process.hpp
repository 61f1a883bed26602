// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <csignal>

namespace mioco::detail {

/// A program to start. Its descriptors are above 2.
struct program_start {
    const char* program;       // sought in PATH if there is no slash in it
    char* const* arguments;    // the first of which is the program's name
    char* const* environment;  // null: that of this process
    int directory;             // to start in; -1: that of this process
    int streams[3];            // what becomes 0, 1 and 2; -1: as in this process
    bool has_own_group;
};

/// Which child of this process: by a descriptor of it, or, if that is -1, by its number.
struct child_name {
    int pid;
    int fd;
};

}  // namespace mioco::detail
