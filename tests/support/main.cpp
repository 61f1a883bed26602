// SPDX-License-Identifier: MPL-2.0
#include <string_view>

#include <gtest/gtest.h>

#include "support/simulated.hpp"

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    constexpr std::string_view simulated = "--simulated=";
    std::string_view name;
    bool calm = false;
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument(argv[i]);
        if (argument.starts_with(simulated)) name = argument.substr(simulated.size());
        if (argument == "--calm") calm = true;
    }
    return name.empty() ? RUN_ALL_TESTS() : mioco_test::run_simulated(name, calm);
}
