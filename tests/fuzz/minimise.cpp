// SPDX-License-Identifier: MPL-2.0
#include <algorithm>

#include "fuzz/run.hpp"

namespace mioco_fuzz {

namespace {

constexpr std::uint64_t tried_seeds = 10;
constexpr unsigned most_tries = 2000;

// Less to do is done in another order, so that some orders are tried.
bool still_fails(program& smaller) {
    const std::uint64_t first = smaller.settings.seed;
    for (std::uint64_t i = 0; i < tried_seeds; ++i) {
        smaller.settings.seed = first + i;
        if (!run(smaller).empty()) return true;
    }
    smaller.settings.seed = first;
    return false;
}

std::size_t count(const std::vector<operation>& list) {
    std::size_t sum = list.size();
    for (const operation& each : list) sum += count(each.body);
    return sum;
}

// Removes the operation with that number, in the order in which they are written down.
bool remove(std::vector<operation>& list, std::size_t& number) {
    for (auto each = list.begin(); each != list.end(); ++each) {
        if (number-- == 0) return list.erase(each), true;
        if (remove(each->body, number)) return true;
    }
    return false;
}

}  // namespace

program minimise(program failing) {
    unsigned tries = 0;
    for (bool smaller = true; smaller && tries < most_tries;) {
        smaller = false;
        const auto keep_if_failing = [&](program&& candidate) {
            if (++tries > most_tries || !still_fails(candidate)) return false;
            failing = std::move(candidate);
            return smaller = true;
        };
        for (std::size_t i = failing.roots.size(); i-- > 0;) {
            program candidate = failing;
            candidate.roots.erase(candidate.roots.begin() + static_cast<std::ptrdiff_t>(i));
            keep_if_failing(std::move(candidate));
        }
        for (std::size_t fiber = 0; fiber < failing.fibers.size(); ++fiber) {
            for (std::size_t i = count(failing.fibers[fiber].does); i-- > 0;) {
                program candidate = failing;
                std::size_t number = i;
                if (!remove(candidate.fibers[fiber].does, number)) continue;
                keep_if_failing(std::move(candidate));
            }
        }
    }
    return failing;
}

}  // namespace mioco_fuzz
