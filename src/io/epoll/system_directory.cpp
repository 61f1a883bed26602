// SPDX-License-Identifier: MPL-2.0
#include "io/epoll/system_directory.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <new>
#include <string_view>

#include <dirent.h>

#include "base/sys.hpp"

namespace mioco::detail {

// A call may bring "." and ".." alone, which is not the end.
int read_system_directory(int fd, std::vector<directory_item>& into) noexcept try {
    alignas(dirent64) std::array<char, 8192> block;
    const std::size_t before = into.size();
    while (into.size() == before) {
        const ssize_t size = sys::read_directory(fd, block.data(), block.size());
        if (size <= 0) return static_cast<int>(size);
        for (ssize_t at = 0; at < size;) {
            const char* const entry = block.data() + at;
            unsigned short length = 0;
            std::memcpy(&length, entry + offsetof(dirent64, d_reclen), sizeof length);
            const auto type = static_cast<unsigned char>(entry[offsetof(dirent64, d_type)]);
            const std::string_view name = entry + offsetof(dirent64, d_name);
            at += length;
            if (name == "." || name == "..") continue;
            into.push_back({std::string(name), static_cast<mode_t>(DTTOIF(type))});
        }
    }
    return static_cast<int>(into.size() - before);
} catch (const std::bad_alloc&) {
    return -ENOMEM;
}

}  // namespace mioco::detail
