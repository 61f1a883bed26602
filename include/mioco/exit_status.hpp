// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace mioco::process {

/// How a program has ended: it exited with a code, or a signal has killed it. A small value.
class exit_status {
public:
    /// Of nothing that has ended: neither a success, nor a code, nor a signal.
    exit_status() noexcept = default;
    /// What `exit` was called with.
    static constexpr exit_status of_code(int code) noexcept { return {way::exited, code}; }
    /// By which signal it was killed, and whether it left a core dump.
    static constexpr exit_status of_signal(int number, bool core_dumped = false) noexcept {
        return {core_dumped ? way::dumped : way::killed, number};
    }

    /// Whether it exited with 0.
    [[nodiscard]] bool success() const noexcept { return *this == of_code(0); }
    /// The code that it exited with, 0 to 255; nothing if a signal has killed it.
    [[nodiscard]] std::optional<int> code() const noexcept {
        return how_ == way::exited ? std::optional(number_) : std::nullopt;
    }
    /// The signal that has killed it; nothing if it exited.
    [[nodiscard]] std::optional<int> signal() const noexcept {
        return how_ == way::killed || how_ == way::dumped ? std::optional(number_) : std::nullopt;
    }
    /// Whether it left a core dump.
    [[nodiscard]] bool core_dumped() const noexcept { return how_ == way::dumped; }

    /// For humans: "exited with 3", "killed by signal 11 (SIGSEGV), core dumped".
    [[nodiscard]] std::string text() const;

    /// Whether both tell the same.
    friend bool operator==(const exit_status&, const exit_status&) noexcept = default;

private:
    enum class way : std::uint8_t { unknown, exited, killed, dumped };
    constexpr exit_status(way how, int number) noexcept : how_(how), number_(number) {}

    way how_ = way::unknown;
    int number_ = 0;
};

}  // namespace mioco::process
