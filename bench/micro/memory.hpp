// SPDX-License-Identifier: MPL-2.0
#pragma once

// What a process holds of the machine's memory.

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace bench {

/// The kibibytes after `key` in a file of /proc.
inline std::size_t kib_of(const char* path, const std::string& key) {
    std::ifstream file(path);
    for (std::string word; file >> word;) {
        std::size_t kib = 0;
        if (word == key && file >> kib) return kib;
    }
    std::fprintf(stderr, "no %s in %s\n", key.c_str(), path);
    std::exit(1);
}

/// Resident pages and page tables.
inline std::size_t memory_bytes() {
    return 1024 *
           (kib_of("/proc/self/smaps_rollup", "Rss:") + kib_of("/proc/self/status", "VmPTE:"));
}

}  // namespace bench
