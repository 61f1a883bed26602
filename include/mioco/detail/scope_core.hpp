// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include <mioco/detail/task.hpp>
#include <mioco/error.hpp>
#include <mioco/event.hpp>

namespace mioco {

/// What an exception does that leaves a fiber of a `scope`.
enum class on_failure {
    cancel_all,  ///< It cancels the others, and comes out of `wait`.
    contain      ///< Nothing to the others: it is reported as `config::uncaught` says.
};

namespace detail {

struct fiber;

/// What a `scope` is, but for the types of its functions.
class scope_core {
public:
    scope_core(bool has_limit, on_failure what) noexcept : has_limit_(has_limit), what_(what) {}
    virtual ~scope_core() = default;
    scope_core(const scope_core&) = delete;
    scope_core& operator=(const scope_core&) = delete;

    /// Whether `enter` and `leave` are called at all.
    [[nodiscard]] bool has_limit() const noexcept { return has_limit_; }
    [[nodiscard]] bool contains_failures() const noexcept { return what_ == on_failure::contain; }

    /// [any of its fibers, and the owner] Waits for room for one fiber more, which has it until `leave`.
    virtual void enter() = 0;
    virtual void leave() noexcept = 0;
    /// Before each `add`, so that this finds room: throws std::bad_alloc.
    virtual void make_room() = 0;
    /// For an `add` that does not follow.
    virtual void give_room_up() noexcept = 0;
    /// Takes the handle's share of a fiber.
    virtual void add(fiber& started) noexcept = 0;
    virtual void fail(std::exception_ptr error) noexcept = 0;
    virtual void cancel() noexcept = 0;
    // [the owner]
    virtual void wait() = 0;
    virtual void end() noexcept = 0;

private:
    const bool has_limit_;
    const on_failure what_;
};

/// Throws std::bad_alloc.
scope_core* make_scope(std::size_t limit, on_failure what);
[[noreturn]] void throw_nothing_forked();
[[noreturn]] void throw_was_cancelled();

struct end_scope {
    void operator()(scope_core* ending) const noexcept {
        ending->end();
        delete ending;
    }
};

/// Room for a fiber of a scope.
class place_in_scope {
public:
    explicit place_in_scope(scope_core& in) : in_(&in) {
        if (in.has_limit()) in.enter();
    }
    place_in_scope(place_in_scope&& other) noexcept : in_(std::exchange(other.in_, nullptr)) {}
    place_in_scope& operator=(place_in_scope&&) = delete;
    ~place_in_scope() {
        if (in_ != nullptr && in_->has_limit()) in_->leave();
    }

    [[nodiscard]] bool contains_failures() const noexcept { return in_->contains_failures(); }
    void fail(std::exception_ptr error) noexcept { in_->fail(std::move(error)); }

private:
    scope_core* in_;
};

template <class R>
struct forked_state {
    std::optional<stored_result<std::remove_cv_t<R>>> result;
    std::exception_ptr error;
    event ended;
};

/// Of the fiber: whoever waits goes on when it is gone, also without a result.
template <class R>
class forked_result {
public:
    explicit forked_result(std::shared_ptr<forked_state<R>> kept) noexcept
        : kept_(std::move(kept)) {}
    forked_result(forked_result&&) noexcept = default;
    forked_result& operator=(forked_result&&) = delete;
    ~forked_result() {
        if (kept_) kept_->ended.notify();
    }

    template <class Call>
    void take(Call& call) {
        kept_->result.emplace(call_for_result<std::remove_cv_t<R>>(call));
    }
    void fail(std::exception_ptr error) noexcept { kept_->error = std::move(error); }

private:
    std::shared_ptr<forked_state<R>> kept_;
};

}  // namespace detail
}  // namespace mioco
