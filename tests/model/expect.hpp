// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdio>
#include <string>

#include <gtest/gtest.h>

#include "model/checker.hpp"
#include "model/model_sync.hpp"

namespace mioco::model {

inline void expect_holds(const verdict& found) {
    EXPECT_TRUE(found.holds) << found.report;
    std::printf("explored: %s\n", found.report.substr(0, found.report.find('\n')).c_str());
}

/// For a mistake that was made on purpose: it breaks what `expected` says.
inline void expect_violation(const verdict& found, const std::string& expected) {
    ASSERT_FALSE(found.holds) << "not caught; explored: " << found.report;
    EXPECT_EQ(found.report.substr(0, found.report.find('\n')), expected) << found.report;
}

}  // namespace mioco::model
