// SPDX-License-Identifier: MPL-2.0
#include "debug/dump.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

#include <unistd.h>

#include <mioco/dump.hpp>

#include "base/sys.hpp"
#include "debug/call_texts.hpp"
#include "debug/fiber_look.hpp"
#include "fiber/fiber_table.hpp"
#include "io/driver.hpp"

namespace mioco::detail {

namespace {

class string_sink final : public dump_sink {
public:
    explicit string_sink(std::string& into) noexcept : into_(into) {}
    void put(std::string_view text) override { into_.append(text); }

private:
    std::string& into_;
};

class fd_sink final : public dump_sink {
public:
    explicit fd_sink(int fd) noexcept : fd_(fd) {}
    ~fd_sink() { flush(); }
    fd_sink(const fd_sink&) = delete;
    fd_sink& operator=(const fd_sink&) = delete;

    void put(std::string_view text) noexcept override {
        while (!text.empty()) {
            if (used_ == sizeof buffer_) flush();
            const std::size_t part = text.copy(buffer_ + used_, sizeof buffer_ - used_);
            used_ += part;
            text.remove_prefix(part);
        }
    }

private:
    void flush() noexcept {
        std::size_t written = 0;
        while (written < used_) {
            const ssize_t count = sys::write(fd_, buffer_ + written, used_ - written);
            if (count == -EINTR) continue;
            if (count <= 0) break;
            written += static_cast<std::size_t>(count);
        }
        used_ = 0;
    }

    int fd_;
    std::size_t used_ = 0;
    char buffer_[4096];
};

// Puts one line together, cut off if it is too long.
class line {
public:
    [[gnu::format(printf, 2, 3)]] void add(const char* format, ...) noexcept;
    [[nodiscard]] std::string_view text() noexcept {
        text_[used_] = '\n';
        return {text_, used_ + 1};
    }

private:
    std::size_t used_ = 0;
    char text_[512];
};

void line::add(const char* format, ...) noexcept {
    const std::size_t room = sizeof text_ - 1 - used_;
    std::va_list arguments;
    va_start(arguments, format);
    const int size = std::vsnprintf(text_ + used_, room, format, arguments);
    va_end(arguments);
    if (size < 0) return;
    used_ += std::min(static_cast<std::size_t>(size), room - 1);
}

unsigned long long number(std::uint64_t id) noexcept { return id; }

double seconds_since(std::uint32_t stamp) noexcept {
    const std::uint32_t passed = clock_stamp(current_driver().now()) - stamp;
    // The one who looks may be behind the one who parked.
    const bool is_negative = passed > UINT32_MAX / 2;
    return is_negative ? 0 : static_cast<double>(passed) * (1 << 20) * 1e-9;
}

void add_state(line& out, const fiber_look& seen, const char* since) noexcept {
    switch (seen.what) {
        case fiber_look::state::running:
            return out.add(": runs on worker %u", seen.on_worker);
        case fiber_look::state::ready:
            return out.add(seen.has_begun ? ": ready" : ": ready, has not begun");
        case fiber_look::state::kept:
            return out.add(": ready, kept by the scheduler");
        case fiber_look::state::parked:
            out.add(": waits for %s, ", facts_of(seen.why).text);
            if (since != nullptr) return out.add("since %s", since);
            return out.add("for %.3f s", seconds_since(seen.parked_at));
    }
}

void add_joiner(line& out, std::uint32_t index) noexcept {
    if (index == 0) return;
    fiber& joiner = all_fibers[index];
    if (joiner.home.load(std::memory_order_relaxed) != nullptr) {
        out.add("; fiber %llu joins it", number(joiner.number()));
    } else {
        out.add("; a thread joins it");
    }
}

}  // namespace

void put_fiber(dump_sink& into, const fiber_look& seen, const char* since, call_texts& texts) {
    line first;
    first.add("fiber %llu", number(seen.id));
    if (seen.name[0] != '\0') first.add(" \"%s\"", seen.name);
    first.add(" of %s", seen.runtime);
    add_state(first, seen, since);
    if (seen.is_asked_to_stop) first.add("; asked to stop");
    add_joiner(first, seen.joiner);
    into.put(first.text());
    for (std::size_t i = 0; i < seen.call_count; ++i) texts.put(into, seen.calls[i]);
}

void dump_fibers(dump_sink& into, const runtime_core* only) {
    stack_copies copies;
    call_texts texts;
    fiber_look seen;
    all_fibers.for_each([&](fiber& f) {
        if (seen.take(f, only, copies)) put_fiber(into, seen, nullptr, texts);
    });
    texts.put_hint(into);
}

void put_fiber_on_stderr(std::string_view headline, const fiber_look& seen) noexcept {
    fd_sink into(STDERR_FILENO);
    call_texts texts;
    into.put(headline);
    put_fiber(into, seen, nullptr, texts);
    texts.put_hint(into);
}

void dump_to_stderr(std::string_view headline, const runtime_core& only) noexcept {
    fd_sink into(STDERR_FILENO);
    into.put(headline);
    dump_fibers(into, &only);
}

}  // namespace mioco::detail

namespace mioco {

void dump(int fd) noexcept {
    detail::fd_sink into(fd);
    detail::dump_fibers(into, nullptr);
}

std::string dump_text() {
    std::string text;
    detail::string_sink into(text);
    detail::dump_fibers(into, nullptr);
    return text;
}

}  // namespace mioco
