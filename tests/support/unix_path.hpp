// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <string>

#include <mioco/fs/temporary.hpp>

namespace mioco_test {

/// A folder of its own for a test's sockets, removed with all that is in it. In a simulation it is the host's.
class socket_folder {
public:
    [[nodiscard]] std::string path(const std::string& name) const {
        return (folder_.path() / name).string();
    }

private:
    mioco::fs::temporary_directory folder_;
};

}  // namespace mioco_test
