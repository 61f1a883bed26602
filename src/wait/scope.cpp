// SPDX-License-Identifier: MPL-2.0
#include <mioco/scope.hpp>

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <system_error>
#include <vector>

#include <mioco/semaphore.hpp>

#include "base/lock.hpp"
#include "fiber/fiber_run.hpp"
#include "fiber/parking.hpp"

namespace mioco::detail {

namespace {

/// Has a share of each fiber from its spawn until it has been waited for, or is known to have ended. So the number of shares is that of those
/// that run, and of some that have ended: at most as many again.
class fibers_of_scope final : public scope_core {
public:
    fibers_of_scope(std::size_t limit, on_failure what)
        : what_(what), exceptions_before_(std::uncaught_exceptions()) {
        if (limit != 0) places_.emplace(static_cast<std::ptrdiff_t>(limit));
    }

    void enter() override {
        if (places_) places_->acquire();
    }

    void leave() noexcept override {
        if (places_) places_->release();
    }

    void make_room() override {
        if (take_room()) return;
        forget_ended();
        const std::scoped_lock held(guard_);
        const std::size_t wanted = fibers_.size() + expected_ + 1;
        if (wanted > fibers_.capacity() / 2) fibers_.reserve(std::max(least_room, 2 * wanted));
        ++expected_;
    }

    void give_room_up() noexcept override {
        const std::scoped_lock held(guard_);
        --expected_;
    }

    void add(fiber& started) noexcept override {
        bool is_late = false;
        {
            const std::scoped_lock held(guard_);
            --expected_;
            fibers_.push_back(&started);
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

    // None changes its place meanwhile, and those that come later see that they are late.
    void cancel() noexcept override {
        for (std::size_t i = 0;; ++i) {
            fiber* next = nullptr;
            {
                const std::scoped_lock held(guard_);
                is_cancelled_ = true;
                if (i >= fibers_.size()) return;
                next = fibers_[i];
                share(*next);
            }
            cancel_shared(*next);
        }
    }

    [[nodiscard]] bool contains_failures() const noexcept override {
        return what_ == on_failure::contain;
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
    static constexpr std::size_t least_room = 8;

    static void share(fiber& f) noexcept { f.shares.fetch_add(1, std::memory_order_relaxed); }

    static void cancel_shared(fiber& f) noexcept {
        if (&f != current_fiber()) cancel_fiber(f);
        drop_share(f, current_worker());
    }

    bool take_room() noexcept {
        const std::scoped_lock held(guard_);
        if (fibers_.size() + expected_ >= fibers_.capacity()) return false;
        ++expected_;
        return true;
    }

    // One after the other, as what is left of them goes without the lock.
    void forget_ended() noexcept {
        for (std::size_t from = 0; fiber* const ended = take_ended(from);) detach_fiber(*ended);
    }

    fiber* take_ended(std::size_t& from) noexcept {
        const std::scoped_lock held(guard_);
        if (is_cancelled_) return nullptr;
        for (; from < fibers_.size(); ++from) {
            fiber& each = *fibers_[from];
            if (&each == awaited_ || !each.end.is_ready()) continue;
            fibers_[from] = fibers_.back();
            fibers_.pop_back();
            return &each;
        }
        return nullptr;
    }

    fiber* next_to_await() noexcept {
        const std::scoped_lock held(guard_);
        awaited_ = fibers_.empty() ? nullptr : fibers_.back();
        return awaited_;
    }

    void forget_awaited() noexcept {
        fiber& ended = *awaited_;
        {
            const std::scoped_lock held(guard_);
            // Others may have come meanwhile, and are behind it.
            fibers_.erase(std::ranges::find(fibers_, &ended));
            awaited_ = nullptr;
        }
        detach_fiber(ended);
    }

    void await_each() {
        while (fiber* const next = next_to_await()) {
            wait_for_end(next);
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

    const on_failure what_;
    const int exceptions_before_;
    std::optional<counting_semaphore<>> places_;
    lock guard_;
    std::vector<fiber*> fibers_;
    std::size_t expected_ = 0;  // that are being spawned
    fiber* awaited_ = nullptr;  // by the owner
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
