// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/stat.h>

#include "io/driver.hpp"

// What is asked of the driver about paths, as `file_calls` does about open files: each call a job, which returns a
// negative errno value when it fails. A path with a zero in it is -EINVAL, as the kernel would take what stands before that.

namespace mioco::detail::path_calls {

using std::filesystem::path;

int open(const path& what, int flags, unsigned mode = 0);
/// Of what it leads to, or of a symbolic link itself.
int target_status(const path& what, struct stat& into);
int link_status(const path& what, struct stat& into);
int make_directory(const path& what, unsigned mode);
int remove(const path& what, bool is_directory);
/// No cancellation point.
int remove_certainly(const path& what);
int rename(const path& from, const path& to);
int make_link(const path& file, const path& what);
int make_symbolic_link(const path& target, const path& what);
/// 0, with the target in `into`.
int read_link(const path& what, std::string& into);
int set_mode(const path& what, unsigned mode);

// In an open directory
int open_in(int directory, const std::string& name, int flags);
int remove_in(int directory, const std::string& name, bool is_directory);
/// A batch more; how many, 0 at the end.
int list(int directory, std::vector<directory_item>& into);

}  // namespace mioco::detail::path_calls
