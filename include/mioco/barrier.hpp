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
    /// Throws std::system_error, as `arrive` does.
    explicit barrier_core(std::ptrdiff_t expected);

    struct arrival {
        std::uint64_t phase;
        bool is_last;
    };
    arrival arrive(std::ptrdiff_t count, bool drops);
    /// By the last of a phase.
    void end_phase() noexcept;
    void wait(std::uint64_t phase) const;

private:
    mutable line line_;  // to wait changes nothing that the owner could see
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
///
/// Who arrives more often than the phase still expects, also while `Completion` runs, gets `std::system_error` (`invalid_argument`),
/// and has not arrived.
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
    /// For so many. Throws `std::system_error` (`invalid_argument`) for a negative number.
    explicit barrier(std::ptrdiff_t expected, Completion completion = Completion())
        : core_(expected), completion_(std::move(completion)) {}
    barrier(const barrier&) = delete;
    barrier& operator=(const barrier&) = delete;
    ~barrier() = default;

    /// Arrives so many times, at least once, and does not wait.
    [[nodiscard]] arrival_token arrive(std::ptrdiff_t update = 1) {
        return arrival_token(come(update, false));
    }
    /// Waits until the phase is over. A cancellation point.
    void wait(arrival_token&& arrived) const { core_.wait(arrived.phase_); }
    /// `arrive`, and then `wait`. Who is cancelled has arrived all the same.
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
