// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/world.hpp"

// The library's calls work in fibers, where they park, and on plain threads, where they block. A test of what they do is
// written once and runs in both.

namespace mioco_test {

/// Something that runs beside the caller: another fiber if the caller is one, else another thread.
class beside {
public:
    template <class F>
        requires(!std::is_same_v<std::remove_cvref_t<F>, beside>)
    explicit beside(F&& f) {
        if (mioco::this_fiber::in_fiber()) {
            fiber_ = mioco::spawn(std::forward<F>(f));
        } else {
            thread_ = thread(std::forward<F>(f));
        }
    }

    /// Waits for its end, and rethrows what it threw.
    void join() {
        if (fiber_.joinable()) {
            fiber_.join();
        } else {
            thread_.join();
        }
    }

private:
    mioco::join_handle<void> fiber_;
    thread thread_;
};

/// Runs it so many times at once in fibers and on threads.
template <class F>
void run_in_fibers_and_threads(unsigned workers, int fibers, int threads, F&& f) {
    std::vector<thread> outside;
    for (int i = 0; i < threads; ++i) outside.emplace_back(f);
    mioco::run(mioco::config{}.workers(workers), [&] {
        std::vector<mioco::join_handle<void>> inside;
        for (int i = 0; i < fibers; ++i) inside.push_back(mioco::spawn(f));
        for (auto& each : inside) each.join();
    });
    for (auto& each : outside) each.join();
}

/// Waits by letting others go first, in fibers and on threads alike.
template <class Condition>
void wait_for(Condition condition) {
    while (!condition()) mioco::yield();
}

/// A fixture whose `inside` runs the test on plain threads, or in fibers of a runtime with so many workers.
class anywhere : public testing::TestWithParam<unsigned> {
protected:
    static constexpr unsigned on_threads = 0;

    template <class F>
    static void inside(F body) {
        if (GetParam() == on_threads) {
            body();
        } else {
            mioco::run(mioco::config{}.workers(GetParam()), std::move(body));
        }
    }
};

inline std::string place_name(const testing::TestParamInfo<unsigned>& place) {
    if (place.param == 0) return "threads";
    return place.param == 1 ? "1_worker" : std::to_string(place.param) + "_workers";
}

}  // namespace mioco_test

/// Instantiates a suite that derives from `anywhere`.
#define MIOCO_ANYWHERE(suite)                                                 \
    INSTANTIATE_TEST_SUITE_P(on, suite, testing::Values(0U, 1U, 2U, 5U, 21U), \
                             mioco_test::place_name)
