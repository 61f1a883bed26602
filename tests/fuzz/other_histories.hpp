// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/journal.hpp"

namespace mioco_fuzz {

/// What one direction of a stream carries: the number of each byte tells what it is.
class byte_history {
public:
    byte_history(journal& log, std::string name) : log_(log), name_(std::move(name)) {}

    /// Byte number `at`. With a prime, so that no power of two that is lost goes unnoticed.
    static std::byte at(std::size_t number) { return static_cast<std::byte>(number % 251); }
    [[nodiscard]] std::vector<std::byte> next(std::size_t count) const {
        std::vector<std::byte> made(count);
        for (std::size_t i = 0; i < count; ++i) made[i] = at(written_ + i);
        return made;
    }

    void write_begins(std::size_t count) { under_way_ = count; }
    void write_ends(std::size_t count) {
        if (count > under_way_) log_.fail(name_ + ": more was written than was given");
        under_way_ = 0;
        written_ += count;
    }
    /// As by a cancel: how much went is not known, and nobody writes more.
    void write_is_cut() { is_cut_ = true; }
    void read(std::span<const std::byte> bytes) {
        for (const std::byte each : bytes) {
            if (each != at(read_))
                return log_.fail(name_ + ": a wrong byte at " + std::to_string(read_));
            ++read_;
        }
        if (read_ > written_ + under_way_) log_.fail(name_ + ": more was read than was written");
    }
    void read_end() {
        if (!ended_ && !broken_) log_.fail(name_ + ": ended, but nobody has ended it");
        if (!broken_ && read_ < written_)
            log_.fail(name_ + ": ended with " + std::to_string(written_ - read_) + " bytes lost");
    }
    void error(const std::string& what) {
        if (!broken_) log_.fail(name_ + ": failed, but nobody has closed it: " + what);
    }
    void end() { ended_ = true; }
    void break_off() { broken_ = true; }

    /// Of one that waits for so many.
    [[nodiscard]] std::string why_not_reading(std::size_t count = 1) const {
        if (read_ + std::max<std::size_t>(count, 1) <= written_)
            return name_ + " has bytes to read";
        return ended_ || broken_ ? name_ + " has ended" : std::string();
    }
    /// Of one that waits until somebody could read. What a reader that waits for more has already is known to it alone.
    [[nodiscard]] std::string why_not_readable() const {
        return is_reading && !is_ended() ? std::string() : why_not_reading();
    }
    [[nodiscard]] std::string why_not_writing() const {
        if (broken_) return name_ + " is closed";
        if (is_reading) return name_ + " has a reader that waits";
        // Anything at all that is unread may be what fills the buffers.
        return read_ == written_ && under_way_ == 0 ? name_ + " has room" : std::string();
    }
    [[nodiscard]] bool is_cut() const { return is_cut_; }
    [[nodiscard]] bool is_ended() const { return ended_ || broken_; }

    bool is_reading = false, is_writing = false;  // somebody, who has it alone

private:
    journal& log_;
    std::string name_;
    std::size_t written_ = 0, read_ = 0, under_way_ = 0;
    bool ended_ = false, broken_ = false, is_cut_ = false;
};

/// What became of each fiber.
class fiber_history {
public:
    enum class end : std::uint8_t { none, returned, threw, cancelled };

    fiber_history(journal& log, std::size_t count) : log_(log), all_(count) {}

    void spawned(unsigned fiber) { all_[fiber].spawned = true; }
    void began(unsigned fiber) {
        if (std::exchange(all_[fiber].began, true)) fail(fiber, "began twice");
    }
    void ended(unsigned fiber, end how) {
        if (all_[fiber].how != end::none) fail(fiber, "ended twice");
        all_[fiber].how = how;
    }
    /// Was asked to stop, by `cancel`.
    void asked(unsigned fiber) { all_[fiber].asked = true; }
    [[nodiscard]] bool is_asked(unsigned fiber) const { return all_[fiber].asked; }
    /// Nothing of it is left.
    void gone(unsigned fiber) { all_[fiber].gone = true; }
    void joined(unsigned fiber, end told) {
        const state& it = all_[fiber];
        const end expected = it.began ? it.how : end::cancelled;
        if (told != expected) fail(fiber, "a join tells of another end than it had");
    }
    /// Stops are expected only if there are any.
    void check_end(bool stopped) {
        for (unsigned i = 0; i < all_.size(); ++i) {
            const state& it = all_[i];
            if (!it.spawned) continue;
            if (!it.gone) fail(i, "has not ended");
            if (it.began && it.how == end::none) fail(i, "has not come to its end");
            const bool may_be_cancelled = stopped || it.asked;
            if (!it.began && !may_be_cancelled) fail(i, "has never begun");
            if (it.how == end::cancelled && !may_be_cancelled)
                fail(i, "was cancelled, but nobody has stopped it");
        }
    }
    [[nodiscard]] bool has_ended(unsigned fiber) const { return all_[fiber].gone; }

private:
    struct state {
        bool spawned = false, began = false, asked = false, gone = false;
        end how = end::none;
    };
    void fail(unsigned fiber, const std::string& what) {
        log_.fail("fiber " + std::to_string(fiber) + ": " + what);
    }

    journal& log_;
    std::vector<state> all_;
};

/// Whether a limited time was kept, in virtual time.
inline void check_limit(journal& log, const std::string& name, std::chrono::nanoseconds limit,
                        std::chrono::nanoseconds took, bool timed_out,
                        std::chrono::nanoseconds slack) {
    if (timed_out && took < limit) {
        log.fail(name + ": a limit of " + std::to_string(limit.count()) + " ns was over after " +
                 std::to_string(took.count()) + " ns");
    }
    if (took > limit + slack) {
        log.fail(name + ": a limit of " + std::to_string(limit.count()) + " ns took " +
                 std::to_string(took.count()) + " ns");
    }
}

/// Everybody who waits, and what tells whether they should.
class wait_board {
public:
    using reason = std::function<std::string()>;

    struct entry {
        /// Once nothing moves any more: why it should have been interrupted; empty if it should not.
        reason why_interrupted;
        std::string what;
        std::vector<reason> why_not;
    };

    std::uint64_t add(entry waiting) {
        all_.emplace(++last_, std::move(waiting));
        return last_;
    }
    void remove(std::uint64_t id) { all_.erase(id); }
    /// Once nothing moves any more.
    void check(journal& log) const {
        for (const auto& [id, each] : all_) {
            if (const std::string why = each.why_interrupted(); !why.empty())
                log.fail(each.what + " waits on although " + why);
            for (const reason& why_not : each.why_not) {
                if (const std::string why = why_not(); !why.empty())
                    log.fail(each.what + " waits on although " + why);
            }
        }
    }
    [[nodiscard]] std::string list() const {
        std::string text;
        for (const auto& [id, each] : all_) text += "\n  " + each.what + " waits";
        return text;
    }

private:
    std::map<std::uint64_t, entry> all_;
    std::uint64_t last_ = 0;
};

}  // namespace mioco_fuzz
