// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include <mioco/detail/random.hpp>
#include <mioco/detail/select_arm.hpp>

// A select takes what is there at once before it makes arms of its cases: that is most of what a select costs which does not wait.
//
//   looks_ready()       false if the case can't be taken now, as far as a look without a lock tells
//   take_now()          an optional of the result
//   take_now_or(slow)   returns a variant with the result in its place, built there; or what `slow` returns, called with its position
//
// A case without the first may be anything; one without the others is left to the arms.

namespace mioco::detail {

template <class Case>
concept looks_before_taking = requires(const Case& c) {
    { c.looks_ready() } -> std::same_as<bool>;
};

struct any_result {};

template <class Case>
concept takes_at_once =
    looks_before_taking<Case> && requires(Case& c, any_result (*slow)(std::size_t)) {
        c.template take_now_or<any_result, 0>(slow);
    };

/// As it stands in another case: constant, perhaps.
template <class Case>
concept gives_at_once = looks_before_taking<std::remove_reference_t<Case>> &&
                        requires(std::remove_reference_t<Case>& c) { c.take_now(); };

template <class Case>
bool looks_ready(const Case& c) noexcept {
    if constexpr (looks_before_taking<Case>) return c.looks_ready();
    return true;
}

inline constexpr std::size_t most_quick_cases = 64;

/// The first bit from a random one on.
inline std::size_t pick_ready(std::uint64_t ready, std::size_t count) noexcept {
    if ((ready & (ready - 1)) == 0) return static_cast<std::size_t>(std::countr_zero(ready));
    const std::uint64_t later = ready & ~std::uint64_t{0}
                                            << random_below(static_cast<std::uint32_t>(count));
    return static_cast<std::size_t>(std::countr_zero(later != 0 ? later : ready));
}

template <class Result, std::size_t I = 0, class Slow, class First, class... Others>
Result take_nth_or(std::size_t wanted, const Slow& slow, First& first, Others&... others) {
    if (wanted == I) {
        if constexpr (takes_at_once<First>) return first.template take_now_or<Result, I>(slow);
    } else if constexpr (sizeof...(Others) > 0) {
        return take_nth_or<Result, I + 1>(wanted, slow, others...);
    }
    return slow(I);
}

/// The result of one of the cases, by chance one of those that look ready. If it is to be had by arms only, what `slow` returns, called
/// with the position to begin with.
template <class Result, class Slow, class... Cases>
Result take_one_or(const Slow& slow, Cases&... cases) {
    if constexpr (sizeof...(Cases) <= most_quick_cases && (takes_at_once<Cases> || ...)) {
        std::uint64_t ready = 0;
        unsigned at = 0;
        ((ready |= std::uint64_t{looks_ready(cases)} << at++), ...);
        if (ready != 0)
            return take_nth_or<Result>(pick_ready(ready, sizeof...(Cases)), slow, cases...);
    }
    return slow(any_start);
}

}  // namespace mioco::detail
