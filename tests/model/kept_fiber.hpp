// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

#include "fiber/wait_word.hpp"
#include "model/expect.hpp"
#include "model/wait_word_text.hpp"

namespace mioco::model {

struct keeping_faults {
    bool looks_before_it_keeps =
        false;  // the owner looks for a stop, then gives the fiber into keeping
    bool looks_before_it_says_so = false;  // the stop looks for what is kept, then sets its flag
    bool forgets_to_take = false;  // the scheduler runs a fiber that may be taken back already
};

/// A ready fiber that a scheduler is told of, as scheduler_seat::announce; a scheduler that looks at it (as `taken` in
/// ready_fiber.cpp) and resumes it, or never does; and a stop that takes it back, as take_from_scheduler in runtime/cancel.cpp.
struct kept_fiber {
    kept_fiber(checker& run, bool resumes, keeping_faults with) : wrong(with) {
        run.name(word, "word", "", wait_word_text);
        run.name(stopping, "stopping");
        run.name(runs, "runs");
        run.thread("scheduler", [this, resumes] {
            std::uint64_t epoch = 0;
            if (!keep(epoch)) return;
            if (word.take(epoch) && !keep(epoch)) return;  // looked at
            if (!resumes) return;
            if (word.take(epoch) || wrong.forgets_to_take) runs.fetch_add(1);
        });
        run.thread("stop", [this] {
            if (!wrong.looks_before_it_says_so) stopping.store(1);
            const auto epoch = word.kept_epoch();
            if (wrong.looks_before_it_says_so) stopping.store(1);
            if (epoch && word.take(*epoch)) runs.fetch_add(1);
        });
        run.at_end([this] { check(runs.load() == 1, "a fiber in keeping runs once"); });
    }

    /// False: it ran, as there is a stop.
    bool keep(std::uint64_t& epoch) {
        const bool stopped_before = wrong.looks_before_it_keeps && stopping.load() != 0;
        epoch = word.keep();
        const bool stopped = wrong.looks_before_it_keeps ? stopped_before : stopping.load() != 0;
        if (!stopped || !word.take(epoch)) return true;
        runs.fetch_add(1);
        return false;
    }

    const keeping_faults wrong;
    detail::basic_wait_word<model_sync> word;
    atomic<int> stopping;
    atomic<int> runs;
};

}  // namespace mioco::model
