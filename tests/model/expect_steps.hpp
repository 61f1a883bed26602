// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "model/expect.hpp"
#include "model/steps.hpp"
#include "support/source_text.hpp"

// Leaves out the steps of a text under test, one after the other. docs/model-checking.md explains it.

namespace mioco::model {

using explorations = std::vector<std::function<verdict()>>;

class text_under_test {
public:
    text_under_test(const char* file, explorations scenarios) : scenarios_(std::move(scenarios)) {
        steps.begin(file);
    }
    ~text_under_test() { steps.end(); }
    text_under_test(const text_under_test&) = delete;
    text_under_test& operator=(const text_under_test&) = delete;

    /// As it is written nothing goes wrong.
    void expect_holds() {
        for (std::size_t i = 0; i < scenarios_.size(); ++i) {
            steps.begin_scenario(static_cast<unsigned>(i));
            model::expect_holds(scenarios_[i]());
        }
    }

    /// Each step is met, and is needed or has a comment that says why not. After the above, which finds them.
    void expect_needs_its_steps() {
        ASSERT_NE(steps.path(), nullptr) << "the text under test is not there";
        const mioco_test::source_text text(steps.path());
        ASSERT_FALSE(text.empty()) << "no source to look at: " << steps.path();
        // A copy, as scenarios without a step go other ways.
        const std::vector<step> met = steps.met();
        EXPECT_EQ(met.size(), text.count(step_in_text()))
            << "a step of the text is met by no scenario, or two look like one:\n"
            << list_of(met);
        for (std::size_t i = 0; i < met.size(); ++i) leave_out(i, met[i], text);
    }

private:
    static const std::regex& step_in_text() {
        static const std::regex any(
            R"([.>](store|exchange|fetch_\w+|compare_exchange_\w+)\(|Sync::(wait|wake_one|back_off)\()");
        return any;
    }

    void leave_out(std::size_t number, const step& which, const mioco_test::source_text& text) {
        static const std::regex excuse("omittable: \\S");
        steps.leave_out(number);
        const verdict found = first_violation(which);
        steps.leave_out_none();
        const bool is_excused = std::regex_search(text.comments_at(which.line), excuse);
        const std::string broken = found.report.substr(0, found.report.find('\n'));
        std::printf("without %s: %s\n", told(which).c_str(),
                    found.holds ? "nothing goes wrong" : broken.c_str());
        if (std::getenv("MIOCO_MODEL_TABLES") != nullptr && !found.holds)
            std::printf("%s\n", found.report.c_str());
        EXPECT_FALSE(found.is_too_large) << told(which);
        EXPECT_EQ(found.report.find("| #"), std::string::npos)
            << "a location of the scenario has no name: " << found.report;
        EXPECT_FALSE(is_excused && !found.holds)
            << told(which) << ": is needed, whatever its comment says: " << found.report;
        EXPECT_TRUE(is_excused || !found.holds)
            << told(which) << ": no scenario fails without this step, and no comment says why: "
            << "omittable";
    }

    verdict first_violation(const step& which) {
        verdict found;
        found.holds = true;
        for (std::size_t i = 0; i < scenarios_.size() && found.holds; ++i) {
            if ((which.scenarios >> i & 1) != 0) found = scenarios_[i]();
        }
        return found;
    }

    static std::string told(const step& which) {
        return std::string(steps.path()) + ":" + std::to_string(which.line) + ":" +
               std::to_string(which.column);
    }
    static std::string list_of(const std::vector<step>& met) {
        std::string list;
        for (const step& each : met) list += told(each) + "\n";
        return list;
    }

    const explorations scenarios_;
};

/// For a case of a test. `file`: the end of the path of the text under test. `scenarios`: those that take the fewest states first.
inline void expect_needs_each_step(const char* file, explorations scenarios) {
    text_under_test test(file, std::move(scenarios));
    test.expect_holds();
    // Which steps are needed is the same in every build, and takes long under a sanitizer.
    if (!slow && !testing::Test::HasFailure()) test.expect_needs_its_steps();
}

}  // namespace mioco::model
