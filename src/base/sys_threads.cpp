// SPDX-License-Identifier: MPL-2.0
#include <array>
#include <csignal>
#include <cstdlib>
#include <string_view>

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
    return without_tools(std::strtoul(text.data() + at, nullptr, 10));
}

int thread_number() noexcept { return ::gettid(); }

bool signal_thread(int thread, int signal) noexcept {
    return ::tgkill(::getpid(), thread, signal) == 0;
}

}  // namespace mioco::detail::sys
