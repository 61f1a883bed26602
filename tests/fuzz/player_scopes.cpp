// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <exception>

#include "fuzz/player.hpp"

namespace mioco_fuzz {

using enum act;

namespace {

constexpr int result_of_branch = 43;

/// What a fiber of a scope holds, in its closure.
class presence_in_scope {
public:
    explicit presence_in_scope(std::shared_ptr<scope_state> of) : of_(std::move(of)) {
        ++of_->living;
    }
    presence_in_scope(presence_in_scope&& other) noexcept
        : of_(std::move(other.of_)), runs_(std::exchange(other.runs_, false)) {}
    presence_in_scope& operator=(presence_in_scope&&) = delete;
    ~presence_in_scope() {
        if (of_ == nullptr) return;
        --of_->living;
        if (runs_) --of_->running;
    }
    void begins() {
        runs_ = true;
        ++of_->running;
    }
    [[nodiscard]] const std::shared_ptr<scope_state>& of() const { return of_; }

private:
    std::shared_ptr<scope_state> of_;
    bool runs_ = false;
};

/// The fibers of a scope are cancelled when an exception leaves its block. To be made after the scope, and so told before.
class leaves_block {
public:
    explicit leaves_block(scope_state& of) : of_(of), before_(std::uncaught_exceptions()) {}
    leaves_block(const leaves_block&) = delete;
    leaves_block& operator=(const leaves_block&) = delete;
    ~leaves_block() {
        if (std::uncaught_exceptions() > before_) of_.is_cancelled = true;
    }

private:
    scope_state& of_;
    int before_;
};

}  // namespace

bool player::is_asked() const {
    if (in_->stopped.contains(host_)) return true;
    if (branch_of_ == nullptr) return in_->fibers.is_asked(fiber_);
    return branch_of_->is_cancelled || !branch_of_->why_owner_is_interrupted().empty();
}

// Once nothing moves any more: each deadline has passed.
std::string player::why_interrupted(ended_by by) const {
    if (by == ended_by::others) return {};
    if (depth_.deadline) return "its deadline is over";
    if (by == ended_by::deadlines || depth_.shields > 0 || !is_asked()) return {};
    return "it was asked to stop";
}

bool player::is_interruption(std::error_code ec) const {
    if (ec == std::errc::operation_canceled)
        return depth_.shields == 0 && (is_asked() || in_->is_over);
    return ec == std::errc::timed_out && depth_.deadline && virtual_now() >= *depth_.deadline;
}

bool player::play_around(const operation& one) {
    if (one.what == bounded) {
        play_bounded(one);
    } else if (one.what == shielded) {
        const other_depth inside(*this, {depth_.shields + 1, {}});
        mioco::shield([&] { play(one.body); });
    } else if (one.what == act::scope) {
        play_scope(one);
    } else if (scope_ != nullptr) {
        scope_known_->is_cancelled = true;
        scope_->cancel();
    }
    return true;
}

void player::play_bounded(const operation& one) {
    auto deadline = virtual_now() + limit_of(one);
    if (depth_.deadline) deadline = std::min(deadline, *depth_.deadline);
    try {
        const other_depth inside(*this, {depth_.shields, deadline});
        mioco::with_deadline(limit_of(one), [&] { play(one.body); });
    } catch (const std::system_error& e) {
        if (e.code() != std::errc::timed_out) throw;
        if (virtual_now() < deadline) in_->log.fail(name_of(one) + ": was over too early");
    }
}

void player::play_in(mioco::scope& of, const std::shared_ptr<scope_state>& known,
                     const std::vector<operation>& list) {
    branch_of_ = known;
    scope_ = &of;
    scope_known_ = known;
    try {
        play(list);
    } catch (const planned_failure&) {
        known->has_failed = known->is_cancelled = true;
        throw;
    } catch (const std::exception& e) {
        in_->log.fail("fiber " + std::to_string(fiber_) + ": threw in a scope: " + e.what());
    }
}

void player::play_scope(const operation& one) {
    const auto known = std::make_shared<scope_state>();
    const held_until ended([&] {
        if (known->living != 0) in_->log.fail("a scope has ended before its fibers");
    });
    mioco::scope all(one.amount);
    const leaves_block last(*known);
    const held_until left([this, outer = scope_, outer_known = scope_known_] {
        scope_ = outer;
        scope_known_ = outer_known;
    });
    scope_ = &all;
    scope_known_ = known;
    std::vector<mioco::forked<int>> forks;
    play_block(one, forks);
    for (auto& each : forks) join_fork(each);
    wait_for_scope();
}

void player::play_block(const operation& one, std::vector<mioco::forked<int>>& forks) {
    for (const operation& each : one.body) {
        if (each.what != branch && each.what != act::fork) {
            play_one(each);
        } else if (!in_->is_over) {
            start_branch(each, one.amount, forks);
        }
    }
}

void player::start_branch(const operation& one, unsigned limit,
                          std::vector<mioco::forked<int>>& forks) {
    const waits here(*this, one, {[limit, known = scope_known_] {
        return known->running < limit ? std::string("its scope has room") : std::string();
    }});
    auto body = [in = in_, fiber = fiber_, host = host_, limit, &all = *scope_, &list = one.body,
                 presence = presence_in_scope(scope_known_)]() mutable {
        presence.begins();
        if (limit != 0 && presence.of()->running > limit)
            in->log.fail("more fibers of a scope run than may");
        player(in, fiber, host).play_in(all, presence.of(), list);
        return result_of_branch;
    };
    if (one.what == branch) {
        scope_->spawn(std::move(body));
    } else {
        forks.push_back(scope_->fork(std::move(body)));
    }
}

void player::join_fork(mioco::forked<int>& one) {
    const waits here(*this, {.what = act::fork}, {[known = scope_known_] {
        return known->living == 0 ? std::string("its scope has no fibers") : std::string();
    }});
    try {
        if (one.join() != result_of_branch) in_->log.fail("a fork gave another result");
    } catch (const planned_failure&) {
        if (!scope_known_->has_failed) in_->log.fail("a fork failed, but none of the scope has");
    } catch (const std::system_error& e) {
        if (e.code() == std::errc::timed_out) throw;
        if (!scope_known_->is_cancelled && !in_->stopped.contains(host_) && !in_->is_over)
            in_->log.fail(std::string("a fork threw ") + e.what());
    }
}

void player::wait_for_scope() {
    const auto known = scope_known_;
    known->why_owner_is_interrupted = [this] { return why_interrupted(ended_by::interruptions); };
    const held_until waited(
        [&] { known->why_owner_is_interrupted = [] { return std::string(); }; });
    const auto why_not = [known] {
        return known->living == 0 ? std::string("its fibers have ended") : std::string();
    };
    // However it is interrupted, it waits for them.
    const waits here(*this, {.what = act::scope}, {why_not}, ended_by::others);
    try {
        scope_->wait();
        if (known->has_failed) in_->log.fail("a scope has lost what a fiber threw");
    } catch (const planned_failure&) {
        if (!known->has_failed) in_->log.fail("a scope threw what none of its fibers has");
    }
}

}  // namespace mioco_fuzz
