// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "fuzz/journal.hpp"

namespace mioco_fuzz {

/// Who has a lock: one writer, or readers, and nobody waits for a lock that is free.
class lock_history {
public:
    using call_id = std::uint64_t;

    lock_history(journal& log, std::string name) : log_(log), name_(std::move(name)) {}

    void begins(call_id call, bool shared = false) { (shared ? readers_ : writers_).insert(call); }
    void gives_up(call_id call) {
        writers_.erase(call);
        readers_.erase(call);
    }
    void taken(call_id call, bool shared = false) {
        gives_up(call);
        changed_ = log_.tick();
        if (has_writer_) log_.fail(name_ + ": was taken while somebody had it");
        if (!shared && reading_ > 0) log_.fail(name_ + ": a writer came in among readers");
        shared ? void(++reading_) : void(has_writer_ = true);
    }
    /// Before it is given back.
    void given_back(bool shared = false) {
        changed_ = log_.tick();
        shared ? void(--reading_) : void(has_writer_ = false);
    }
    /// An attempt failed, by a call that is not among those that wait.
    void check_held(std::uint64_t since, bool shared = false) {
        const bool blocked = has_writer_ || (!shared && reading_ > 0);
        if (!blocked && changed_ < since && writers_.empty() && readers_.empty())
            log_.fail(name_ + ": was free, but an attempt failed");
    }
    /// Once nothing moves any more: why a call that waits should not; empty if it should.
    [[nodiscard]] std::string why_not_waiting(bool shared = false) const {
        if (has_writer_ || (!shared && reading_ > 0)) return {};
        if (shared && !writers_.empty()) return {};
        return name_ + " is free";
    }
    [[nodiscard]] bool is_free() const { return !has_writer_ && reading_ == 0; }

private:
    journal& log_;
    std::string name_;
    std::set<call_id> writers_, readers_;  // that wait
    std::uint64_t changed_ = 0;
    int reading_ = 0;
    bool has_writer_ = false;
};

/// Permits: as many are taken as were given, and nobody waits while there is one.
class permit_history {
public:
    permit_history(journal& log, std::string name, long permits)
        : log_(log), name_(std::move(name)), there_(permits) {}

    void begins() { ++waiting_; }
    void gives_up() { --waiting_; }
    void taken() {
        --waiting_;
        changed_ = log_.tick();
        if (--there_ < 0) log_.fail(name_ + ": more permits were taken than there are");
    }
    /// Before they are given.
    void given(long count) {
        changed_ = log_.tick();
        there_ += count;
    }
    /// An attempt failed, by a call that is not among those that wait.
    void check_none(std::uint64_t since) {
        if (there_ > 0 && waiting_ == 0 && changed_ < since)
            log_.fail(name_ + ": there was a permit, but an attempt failed");
    }
    [[nodiscard]] std::string why_not_waiting() const {
        return there_ > 0 ? name_ + " has a permit" : std::string();
    }
    void check_end(long left) {
        if (left == there_) return;
        log_.fail(name_ + ": has " + std::to_string(left) + " permits in the end, not " +
                  std::to_string(there_));
    }
    [[nodiscard]] long waiting() const { return waiting_; }

private:
    journal& log_;
    std::string name_;
    long there_;
    long waiting_ = 0;
    std::uint64_t changed_ = 0;
};

/// Something that holds or does not, and is waited for.
class condition_history {
public:
    condition_history(journal& log, std::string name, bool holds)
        : log_(log), name_(std::move(name)), holds_(holds) {}

    void set(bool holds) {
        if (holds || holds_) held_last_ = log_.tick();
        holds_ = holds;
    }
    /// A wait has ended that began then.
    void check_held(std::uint64_t since) {
        if (!holds_ && held_last_ < since) log_.fail(name_ + ": a wait ended before it holds");
    }
    /// A look has told this.
    void check_is(bool told) {
        if (told != holds_)
            log_.fail(name_ + (told ? ": does not hold" : ": holds") +
                      ", but a look tells otherwise");
    }
    [[nodiscard]] std::string why_not_waiting() const {
        return holds_ ? name_ + " holds" : std::string();
    }
    [[nodiscard]] bool holds() const { return holds_; }

private:
    journal& log_;
    std::string name_;
    bool holds_;
    std::uint64_t held_last_ = 0;
};

}  // namespace mioco_fuzz
