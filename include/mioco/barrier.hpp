// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// Meeting again and again.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include <mioco/detail/line.hpp>

namespace mioco {

namespace detail {

/// A barrier but for what is done at the end of each phase.
class barrier_core {
public:
    explicit barrier_core(std::ptrdiff_t expected) noexcept
        : expected_(expected), left_(expected) {}

    struct arrival {
        std::uint64_t phase;
        bool is_last;
    };
    arrival arrive(std::ptrdiff_t count, bool drops) noexcept;
    /// By the last of a phase.
    void end_phase() noexcept;
    void wait(std::uint64_t phase);

private:
    line line_;
    // Guarded
    std::ptrdiff_t expected_;
    std::ptrdiff_t left_;
    std::uint64_t phase_ = 0;
};

struct nothing_to_complete {
    void operator()() const noexcept {}
};

}  // namespace detail

/// As `std::barrier`, for fibers and threads: a phase ends when so many have arrived; then `Completion` is called by the last, and
/// those who wait go on. If it throws, that is thrown to the last, and the phase has ended all the same.
template <class Completion = detail::nothing_to_complete>
class barrier {
public:
    /// Which phase was arrived at.
    class arrival_token {
        friend class barrier;
        explicit arrival_token(std::uint64_t phase) noexcept : phase_(phase) {}
        std::uint64_t phase_;
    };

    /// The most that may be expected.
    [[nodiscard]] static constexpr std::ptrdiff_t max() noexcept {
        return std::numeric_limits<std::ptrdiff_t>::max();
    }
    /// For so many; not negative.
    explicit barrier(std::ptrdiff_t expected, Completion completion = Completion())
        : core_(expected), completion_(std::move(completion)) {}
    barrier(const barrier&) = delete;
    barrier& operator=(const barrier&) = delete;
    ~barrier() = default;

    /// Arrives so many times, and does not wait.
    [[nodiscard]] arrival_token arrive(std::ptrdiff_t update = 1) {
        return arrival_token(come(update, false));
    }
    /// Waits until the phase is over. A cancellation point.
    void wait(arrival_token&& arrived) { core_.wait(arrived.phase_); }
    /// Both, one after the other.
    void arrive_and_wait() { wait(arrive()); }
    /// Arrives, and is expected no more from the next phase on.
    void arrive_and_drop() { come(1, true); }

private:
    std::uint64_t come(std::ptrdiff_t count, bool drops) {
        const auto arrived = core_.arrive(count, drops);
        if (arrived.is_last) {
            struct ending {
                detail::barrier_core& of;
                ~ending() { of.end_phase(); }
            } const last{core_};
            completion_();
        }
        return arrived.phase;
    }

    detail::barrier_core core_;
    [[no_unique_address]] Completion completion_;
};

}  // namespace mioco
