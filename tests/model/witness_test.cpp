// SPDX-License-Identifier: MPL-2.0
#include "debug/witness.hpp"

#include "model/expect_steps.hpp"

namespace mioco::model {
namespace {

struct faults {
    bool tells_early = false;  // before the block is made
};

/// A worker that makes a fiber and finds that it waits, and another that only looks at what was found.
struct maker_and_reader {
    maker_and_reader(checker& run, faults with) : wrong(with) {
        run.name(found, "found");
        run.name(block, "block");
        run.thread("maker", [this] {
            if (wrong.tells_early) found.set(number);
            block.store(1);
            if (!wrong.tells_early) found.set(number);
        });
        run.thread("reader", [this] {
            if (found.get() != 0) check(block.load() == 1, "the block is made");
        });
        run.at_end([this] { check(found.get() == number, "the block is found"); });
    }

    static constexpr std::uint32_t number = 7;
    const faults wrong;
    detail::basic_witness<model_sync> found;
    atomic<int> block;
};

TEST(witness, is_of_a_block_that_is_made) { expect_holds(explore<maker_and_reader>({}, faults{})); }

TEST(witness, mutant_that_tells_before_the_block_is_made) {
    expect_violation(explore<maker_and_reader>({}, faults{.tells_early = true}),
                     "the block is made");
}

TEST(witness, needs_each_step) {
    expect_needs_each_step("debug/witness.hpp",
                           {[] { return explore<maker_and_reader>({}, faults{}); }});
}

}  // namespace
}  // namespace mioco::model
