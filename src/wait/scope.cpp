// SPDX-License-Identifier: MPL-2.0
#include <mioco/scope.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <mutex>
#include <span>
#include <system_error>
#include <vector>

#include <mioco/detail/spin_lock.hpp>
#include <mioco/semaphore.hpp>

#include "fiber/fiber_run.hpp"
#include "fiber/parking.hpp"

namespace mioco::detail {

namespace {

/// Has a share of each fiber from its spawn until it has been waited for, or is known to have ended. So the number of shares is that of those
/// that run, and of some that have ended: at most as many again.
class fibers_of_scope final : public scope_core {
public:
    fibers_of_scope(std::size_t limit, on_failure what)
        : scope_core(limit != 0, what), exceptions_before_(std::uncaught_exceptions()) {
        if (limit != 0) places_.emplace(static_cast<std::ptrdiff_t>(limit));
    }

    void enter() override {
        if (places_) places_->acquire();
    }

    void leave() noexcept override {
        if (places_) places_->release();
    }

    void make_room() override {
        if (owner_has_room_ && is_owner()) return;
        if (take_room(1) != 0) {
            forget_ended();
            get_room();
        }
        if (is_owner()) owner_has_room_ = true;
    }

    void give_room_up() noexcept override {
        if (is_owner()) return;
        const std::scoped_lock held(guard_);
        --expected_;
    }

    void add(fiber& started) noexcept override {
        bool is_late = false;
        {
            const std::scoped_lock held(guard_);
            fibers_.push_back({&started, is_cancelled_});
            // The owner keeps its room, for its next one, while there is any.
            const bool keeps = is_owner() && fibers_.size() + expected_ <= fibers_.capacity();
            if (!keeps) forget_room();
            is_late = is_cancelled_;
            if (is_late) share(started);
        }
        if (is_late) cancel_shared(started);
    }

    void fail(std::exception_ptr error) noexcept override {
        {
            const std::scoped_lock held(guard_);
            if (error_ != nullptr) return;
            error_ = std::move(error);
        }
        cancel();
    }

    // Those that come later see that they are late.
    void cancel() noexcept override {
        for (std::size_t from = 0; fiber* const next = share_next_to_cancel(from);)
            cancel_shared(*next);
    }

    void wait() override {
        std::exception_ptr error = wait_for_all();
        {
            const std::scoped_lock held(guard_);
            is_cancelled_ = false;
            const std::exception_ptr first = std::exchange(error_, nullptr);
            if (error == nullptr) error = first;
        }
        if (error != nullptr) std::rethrow_exception(error);
    }

    // What interrupts it is seen at the owner's next call, too.
    void end() noexcept override {
        const bool unwinds = std::uncaught_exceptions() > exceptions_before_;
        if (unwinds) cancel();
        static_cast<void>(wait_for_all());
        if (error_ != nullptr && !unwinds) report_scope_failure(error_);
    }

private:
    struct member {
        fiber* who;
        bool is_cancelled;
    };

    static constexpr std::size_t least_room = 8;
    static constexpr std::size_t awaited_at_once = 32;

    static void share(fiber& f) noexcept { f.shares.fetch_add(1, std::memory_order_relaxed); }

    static void cancel_shared(fiber& f) noexcept {
        cancel_fiber(f);
        drop_share(f, current_worker());
    }

    static void forget(fiber& ended) noexcept {
        if (ended.how_ended == outcome::value) return release_joined(ended);
        detach_fiber(ended);
    }

    // If it is a fiber: threads cannot be told apart from those to which its fibers have offloaded something.
    [[nodiscard]] bool is_owner() const noexcept {
        return owner_ != nullptr && owner_ == current_fiber();
    }

    // If so many times what is needed fits; else how much that would be.
    std::size_t take_room(std::size_t spare) noexcept {
        const std::scoped_lock held(guard_);
        const std::size_t wanted = spare * (fibers_.size() + expected_ + 1);
        if (wanted > fibers_.capacity()) return wanted;
        ++expected_;
        return 0;
    }

    // Twice as much as is in use, so that those that have ended are not looked for too often. It is allocated without the guard.
    void get_room() {
        while (std::size_t wanted = take_room(2)) {
            std::vector<member> larger;
            larger.reserve(std::max(least_room, wanted));
            const std::scoped_lock held(guard_);
            if (larger.capacity() <= fibers_.capacity() || larger.capacity() < fibers_.size())
                continue;
            larger.assign(fibers_.begin(), fibers_.end());
            fibers_.swap(larger);
        }
    }

    void forget_room() noexcept {
        --expected_;
        if (is_owner()) owner_has_room_ = false;
    }

    // One after the other, as what is left of them goes without the lock.
    void forget_ended() noexcept {
        for (std::size_t from = 0; fiber* const ended = take_ended(from);) forget(*ended);
    }

    fiber* take_ended(std::size_t& from) noexcept {
        const std::scoped_lock held(guard_);
        for (; from < fibers_.size(); ++from) {
            fiber* const each = fibers_[from].who;
            if (!each->end.is_ready()) continue;
            fibers_[from] = fibers_.back();
            fibers_.pop_back();
            return each;
        }
        return nullptr;
    }

    // Members may change their places meanwhile: so those are looked at again that come before `from`. Who asks for it goes on, and is left for
    // another's cancel.
    fiber* share_next_to_cancel(std::size_t& from) noexcept {
        const fiber* const self = current_fiber();
        const std::scoped_lock held(guard_);
        is_cancelled_ = true;
        const auto is_left = [self](const member& each) {
            return !each.is_cancelled && each.who != self;
        };
        const auto start =
            fibers_.begin() + static_cast<std::ptrdiff_t>(std::min(from, fibers_.size()));
        auto found = std::find_if(start, fibers_.end(), is_left);
        if (found == fibers_.end()) found = std::find_if(fibers_.begin(), start, is_left);
        member* next = nullptr;
        if (found != fibers_.end() && is_left(*found)) {
            next = &*found;
            from = static_cast<std::size_t>(found - fibers_.begin()) + 1;
        } else {
            const auto awaited = std::span(awaited_).first(awaited_count_);
            const auto other = std::ranges::find_if(awaited, is_left);
            if (other == awaited.end()) return nullptr;
            next = &*other;
        }
        next->is_cancelled = true;
        share(*next->who);
        return next->who;
    }

    // Some at once, so that the guard is not taken for each.
    bool take_some_to_await() noexcept {
        const std::scoped_lock held(guard_);
        if (awaited_count_ != 0) return true;
        awaited_count_ = std::min(fibers_.size(), awaited_at_once);
        std::copy_n(fibers_.end() - static_cast<std::ptrdiff_t>(awaited_count_), awaited_count_,
                    awaited_.begin());
        fibers_.resize(fibers_.size() - awaited_count_);
        return awaited_count_ != 0;
    }

    void forget_awaited() noexcept {
        std::size_t count = 0;
        std::array<member, awaited_at_once> ended;
        {
            const std::scoped_lock held(guard_);
            count = std::exchange(awaited_count_, 0);
            std::copy_n(awaited_.begin(), count, ended.begin());
        }
        for (const member& each : std::span(ended).first(count)) forget(*each.who);
    }

    void await_each() {
        while (take_some_to_await()) {
            for (std::size_t i = awaited_count_; i > 0; --i) wait_for_end(awaited_[i - 1].who);
            forget_awaited();
        }
    }

    // Returns what has interrupted the wait.
    std::exception_ptr wait_for_all() noexcept {
        try {
            await_each();
            return nullptr;
        } catch (...) {
            std::exception_ptr interrupted = std::current_exception();
            cancel();
            const cancel_shield until_all_have_ended;
            await_each();
            return interrupted;
        }
    }

    const int exceptions_before_;
    const fiber* const owner_ = current_fiber();
    bool owner_has_room_ = false;  // for its next fiber, which `expected_` counts; the owner's
    std::optional<counting_semaphore<>> places_;
    spin_lock guard_;
    std::vector<member> fibers_;
    std::size_t expected_ = 0;  // for which there is room
    std::array<member, awaited_at_once>
        awaited_{};  // no longer among `fibers_`; changed by the owner
    std::size_t awaited_count_ = 0;
    std::exception_ptr error_;
    bool is_cancelled_ = false;
};

}  // namespace

scope_core* make_scope(std::size_t limit, on_failure what) {
    return new fibers_of_scope(limit, what);
}

void throw_nothing_forked() {
    begin_attempt();
    throw std::system_error(std::make_error_code(std::errc::invalid_argument),
                            "mioco: join of a forked fiber whose result was taken already");
}

void throw_was_cancelled() {
    throw std::system_error(std::make_error_code(std::errc::operation_canceled),
                            "mioco: the fiber was cancelled");
}

}  // namespace mioco::detail
