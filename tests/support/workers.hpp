// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <mioco/config.hpp>
#include <mioco/runtime.hpp>

namespace mioco_test {

/// A fixture for what must hold on any number of workers: alone, with one other, with some, and with
/// more than the machine has CPUs.
class on_workers : public testing::TestWithParam<unsigned> {
protected:
    static mioco::config settings() { return mioco::config{}.workers(GetParam()); }

    template <class F>
    static decltype(auto) run(F&& f) {
        return mioco::run(settings(), std::forward<F>(f));
    }
};

inline std::string worker_count_name(const testing::TestParamInfo<unsigned>& count) {
    return std::to_string(count.param);
}

}  // namespace mioco_test

/// Instantiates a suite that derives from `on_workers`.
#define MIOCO_ON_WORKER_COUNTS(suite)                                          \
    INSTANTIATE_TEST_SUITE_P(workers, suite, testing::Values(1U, 2U, 5U, 21U), \
                             mioco_test::worker_count_name)
