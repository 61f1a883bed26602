// SPDX-License-Identifier: MPL-2.0
#include "base/cpu_count.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <string>

#include "base/sys.hpp"

namespace mioco::detail {

namespace {

constexpr double unlimited = std::numeric_limits<double>::infinity();

// cgroup v2: "max 100000" or "150000 100000", the quota and the period in microseconds.
double quota_of(const std::string& directory) {
    std::ifstream file(directory + "/cpu.max");
    std::string quota;
    double period = 0;
    if (!(file >> quota >> period) || quota == "max" || period <= 0) return unlimited;
    return std::strtod(quota.c_str(), nullptr) / period;
}

// The quota of each cgroup on the way up binds.
double cgroup_quota() {
    std::ifstream file("/proc/self/cgroup");
    double smallest = unlimited;
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with("0::/")) continue;
        std::string path = line.substr(3);
        while (true) {
            smallest = std::min(smallest, quota_of("/sys/fs/cgroup" + path));
            if (path.empty() || path == "/") break;
            path.erase(path.rfind('/'));
        }
    }
    return smallest;
}

}  // namespace

unsigned usable_cpu_count() {
    const unsigned by_affinity = sys::usable_cpus();
    const double by_quota = std::ceil(cgroup_quota());
    return by_quota < by_affinity ? std::max(1U, static_cast<unsigned>(by_quota)) : by_affinity;
}

}  // namespace mioco::detail
