// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>

#include <mioco/detail/fd_ref.hpp>

#include "io/driver.hpp"

namespace mioco::detail {

struct signal_place;

enum class keeping_signals : std::uint8_t {
    each,  // one of each number, until it is received
    first  // for good; a second signal of any number has its default effect
};

/// What stands behind an object that receives signals: a handler posts to it, and an eventfd wakes who waits. The eventfd is signalled
/// whenever there is something, or a handler is about to do so.
class signal_box {
public:
    /// `what`: for errors. Throws std::system_error, std::logic_error in a forked child, std::bad_alloc.
    signal_box(const char* what, std::span<const int> numbers, keeping_signals how);
    ~signal_box();
    signal_box(const signal_box&) = delete;
    signal_box& operator=(const signal_box&) = delete;

    [[nodiscard]] bool wants(int number) const noexcept { return (wanted_ & bit_of(number)) != 0; }
    /// [handler] One that is wanted. False: it is a second one, and to have its default effect.
    bool post(int number) noexcept;

    /// Waits for a signal. A cancellation point.
    int receive();
    /// 0: none is there. Throws std::logic_error in a forked child.
    int take();

    /// [select] Readable when there may be something.
    [[nodiscard]] const fd_ref& descriptor() const noexcept { return fd_; }

private:
    static constexpr std::uint64_t bit_of(int number) noexcept {
        return std::uint64_t{1} << (number - 1);
    }
    void add(const char* what, int number);
    int take_next() noexcept;

    const keeping_signals how_;
    std::uint64_t wanted_ = 0;
    driver& io_;
    int event_ = -1;
    fd_ref fd_;
    signal_place* place_ = nullptr;
    std::atomic<std::uint64_t> came_{0};  // of `each`
    std::atomic<unsigned> turn_{
        0};  // whose bit is looked at first, so that a frequent signal hides none
    std::atomic<int> first_{0};  // of `first`
};

/// As "signal 15 (SIGTERM)".
std::string signal_name(int number);

}  // namespace mioco::detail
