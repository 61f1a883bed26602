// SPDX-License-Identifier: MPL-2.0
#include "debug/log.hpp"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include <unistd.h>

#include "base/sys.hpp"
#include "fiber/fiber.hpp"
#include "sched/current.hpp"
#include "sched/worker.hpp"

namespace mioco::detail {

namespace {

bool setting_is(const char* value) noexcept {
    const char* const setting = std::getenv("MIOCO_LOG");
    return setting != nullptr && std::strcmp(setting, value) == 0;
}

}  // namespace

const bool log_enabled = setting_is("1");

void log_line(const char* format, ...) noexcept {
    // One write a line, so that lines of several threads do not mix.
    char line[512];
    const worker* const on = current_worker();
    const fiber* const running = current_fiber();
    int used = 0;
    if (on == nullptr) {
        used = std::snprintf(line, sizeof line, "T-: C-: ");
    } else if (running == nullptr) {
        used = std::snprintf(line, sizeof line, "T%u: C-: ", on->number());
    } else {
        used = std::snprintf(line, sizeof line, "T%u: C%llu: ", on->number(),
                             static_cast<unsigned long long>(running->number()));
    }
    std::va_list arguments;
    va_start(arguments, format);
    used += std::vsnprintf(line + used, sizeof line - static_cast<std::size_t>(used) - 1, format,
                           arguments);
    va_end(arguments);
    if (used > static_cast<int>(sizeof line) - 2) used = static_cast<int>(sizeof line) - 2;
    line[used++] = '\n';
    sys::write(STDERR_FILENO, line, static_cast<std::size_t>(used));
}

void check_log_setting() {
    if (std::getenv("MIOCO_LOG") == nullptr || setting_is("0") || setting_is("1") || setting_is(""))
        return;
    throw std::invalid_argument(std::string("mioco: MIOCO_LOG = \"") + std::getenv("MIOCO_LOG") +
                                "\": allowed are 0 and 1");
}

}  // namespace mioco::detail
