// SPDX-License-Identifier: MPL-2.0
#include "progress.hpp"

#include <cinttypes>
#include <cstdio>

#include <unistd.h>

namespace mioco::load {

progress::progress(clock::time_point start)
    : start_(start), last_(start), on_terminal_(::isatty(STDERR_FILENO) != 0) {}

progress::~progress() {
    if (shown_) std::fputs("\r\033[K", stderr);
}

void progress::update(clock::time_point now, std::uint64_t answered, std::uint64_t failures) {
    if (!on_terminal_ || now - last_ < std::chrono::seconds(1)) return;
    const std::chrono::duration<double> since_last = now - last_;
    const std::chrono::duration<double> since_start = now - start_;
    std::fprintf(
        stderr, "\r\033[K%.0f s: %.0f response/sec, %" PRIu64 " so far, %" PRIu64 " errors",
        since_start.count(), static_cast<double>(answered - last_answered_) / since_last.count(),
        answered, failures);
    last_ = now;
    last_answered_ = answered;
    shown_ = true;
}

}  // namespace mioco::load
