// SPDX-License-Identifier: MPL-2.0
#include "stack/guard.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>

#include "base/sys.hpp"

namespace mioco::detail {

namespace {

// Tried for its effect, since qemu's user mode answers 0 to the call and guards nothing: the kernel must refuse to read from
// there.
bool madvise_guards() {
    constexpr std::size_t page = 4096;
    const long mapped = sys::map_anonymous(page);
    if (mapped < 0) return false;
    void* const probe = reinterpret_cast<void*>(mapped);
    bool guards = false;
    if (sys::guard_install(probe, page) == 0) {
        const int reader = sys::event_fd();
        guards = reader >= 0 && sys::write(reader, probe, 8) == -EFAULT;
        if (reader >= 0) sys::close(reader);
    }
    sys::unmap(probe, page);
    return guards;
}

// A guard made by mprotect costs two mappings. When a process has used up all it may have, the heap cannot grow either; so the
// last thousand are left to others.
std::size_t most_protected() {
    constexpr std::size_t usual = 65530;
    const std::size_t limit = mapping_limit().value_or(usual);
    constexpr std::size_t for_others = 1000;
    return limit > for_others ? (limit - for_others) / 2 : 0;
}

int protect(void* base, std::size_t bytes) noexcept {
    static const std::size_t most = most_protected();
    static std::atomic<std::size_t> used{0};
    if (used.fetch_add(1, std::memory_order_relaxed) >= most) {
        used.fetch_sub(1, std::memory_order_relaxed);
        return ENOMEM;
    }
    return -sys::protect_none(base, bytes);
}

guard_method choose() {
    const bool works = madvise_guards();
    const char* const wanted = std::getenv("MIOCO_GUARD");
    if (wanted == nullptr || *wanted == '\0')
        return works ? guard_method::madvise : guard_method::mprotect;
    const std::string method = wanted;
    if (method == "mprotect") return guard_method::mprotect;
    if (method != "madvise") {
        throw std::invalid_argument("mioco: MIOCO_GUARD = \"" + method +
                                    "\": allowed are madvise and mprotect");
    }
    if (!works) {
        throw std::invalid_argument(
            "mioco: MIOCO_GUARD = \"madvise\": this kernel has no MADV_GUARD_INSTALL (Linux "
            "6.13); allowed here is mprotect");
    }
    return guard_method::madvise;
}

std::atomic<guard_method> method_in_use{guard_method::mprotect};

}  // namespace

guard_method chosen_guard_method() {
    static const guard_method method = [] {
        const guard_method chosen = choose();
        method_in_use = chosen;
        return chosen;
    }();
    return method;
}

std::optional<std::size_t> mapping_limit() {
    std::ifstream file("/proc/sys/vm/max_map_count");
    std::size_t told = 0;
    if (!(file >> told)) return std::nullopt;
    return told;
}

int install_guard(void* base, std::size_t bytes) noexcept {
    return method_in_use.load(std::memory_order_relaxed) == guard_method::madvise
               ? -sys::guard_install(base, bytes)
               : protect(base, bytes);
}

}  // namespace mioco::detail
