// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace mioco_test {

/// A folder of its own for a test's sockets, removed with all that is in it.
class socket_folder {
public:
    socket_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "mioco-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
        folder_ = name;
    }
    ~socket_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    socket_folder(const socket_folder&) = delete;
    socket_folder& operator=(const socket_folder&) = delete;

    [[nodiscard]] std::string path(const std::string& name) const {
        return (folder_ / name).string();
    }

private:
    std::filesystem::path folder_;
};

}  // namespace mioco_test
