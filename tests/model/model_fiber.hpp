// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

#include "fiber/wait_word.hpp"
#include "model/model_sync.hpp"
#include "model/wait_word_text.hpp"

namespace mioco::model {

/// As much of a fiber as waits: its body is a model thread, and so is, for simplicity, what settles its switches.
template <class Sync>
struct model_fiber {
    using arm = detail::wait_arm;

    std::uint32_t index = 0;
    detail::basic_wait_word<Sync> word;
    atomic<int> queued;  // how often it is in a queue of ready fibers
    atomic<int> cancel;

    explicit model_fiber(std::uint32_t number) : index(number) {}

    void name_parts(checker& run, const char* text) const {
        run.name(word, text, "'s word", wait_word_text);
        run.name(queued, text, " queued");
        run.name(cancel, text, " asked to stop");
    }

    [[nodiscard]] detail::wait_token token(std::uint64_t epoch) const { return {index, epoch}; }

    void make_ready() { check(queued.fetch_add(1) == 0, "a fiber is queued once"); }

    void complete() {
        if (word.complete()) make_ready();
    }

    /// As parking::park and worker::settle_parked do.
    void park() {
        if (word.is_done()) return;
        note("parks");
        if (const auto wait = word.park(); wait.is_over) {
            make_ready();
        } else if (cancel.load() != 0 && word.claim_for_cancel(wait.epoch)) {
            complete();
        }
        block_until([this] { return queued.load() != 0; });
        check(queued.fetch_sub(1) == 1, "a fiber is resumed once");
        check(word.is_done(), "a fiber is resumed when its wait is done");
    }

    /// As parking::abandon.
    void abandon(std::uint64_t epoch) {
        if (word.claim(epoch, arm::self)) {
            static_cast<void>(word.complete());
        } else {
            park();
        }
    }

    /// As runtime_core::cancel_all, from elsewhere.
    void ask_to_stop() {
        cancel.store(1);
        if (const auto epoch = word.cancellable_epoch(); epoch && word.claim(*epoch, arm::cancel))
            complete();
    }
};

}  // namespace mioco::model
