// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/sys.hpp"
#include "context/sanitizer.hpp"

namespace mioco::detail::sys {

namespace {

// ThreadSanitizer starts a thread of its own with the first that the process starts, and never ends it.
constexpr std::size_t without_tools(std::size_t threads) noexcept {
#if defined(MIOCO_TSAN)
    return threads > 1 ? threads - 1 : threads;
#else
    return threads;
#endif
}

}  // namespace

namespace {

std::atomic<bool> may_have_ring_threads{false};

// Its threads for io_uring, which do nothing of their own. The last one stays when it has nothing to do.
std::size_t ring_threads() noexcept {
    DIR* const all = ::opendir("/proc/self/task");
    if (all == nullptr) return 0;
    std::size_t count = 0;
    while (const dirent* const each = ::readdir(all)) {
        std::array<char, 64> path{};
        std::snprintf(path.data(), path.size(), "/proc/self/task/%.16s/comm", each->d_name);
        const int fd = open(path.data(), O_RDONLY, 0);
        if (fd < 0) continue;
        std::array<char, 16> name{};
        const ssize_t size = read(fd, name.data(), name.size());
        close(fd);
        if (size > 0 &&
            std::string_view(name.data(), static_cast<std::size_t>(size)).starts_with("iou-wrk-"))
            ++count;
    }
    ::closedir(all);
    return count;
}

std::size_t without_the_kernels(std::size_t threads) noexcept {
    if (!may_have_ring_threads.load(std::memory_order_relaxed)) return threads;
    return threads - std::min(threads, ring_threads());
}

}  // namespace

void expect_ring_threads() noexcept {
    may_have_ring_threads.store(true, std::memory_order_relaxed);
}

// The 20th field of /proc/self/stat, see proc(5). The second one, a name in parentheses, may have spaces in it.
std::size_t thread_count() noexcept {
    const int fd = open("/proc/self/stat", O_RDONLY, 0);
    if (fd < 0) return 0;
    std::array<char, 512> text{};
    const ssize_t size = read(fd, text.data(), text.size() - 1);
    close(fd);
    if (size <= 0) return 0;
    std::string_view rest(text.data(), static_cast<std::size_t>(size));
    std::size_t at = rest.rfind(')');
    constexpr int fields_behind_the_name = 18;
    for (int i = 0; i < fields_behind_the_name && at != std::string_view::npos; ++i)
        at = rest.find(' ', at + 1);
    if (at == std::string_view::npos) return 0;
    return without_the_kernels(without_tools(std::strtoul(text.data() + at, nullptr, 10)));
}

int thread_number() noexcept { return ::gettid(); }

bool signal_thread(int thread, int signal) noexcept {
    return ::tgkill(::getpid(), thread, signal) == 0;
}

}  // namespace mioco::detail::sys
