// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include <mioco/detail/local_value.hpp>

namespace mioco {

/// A variable of which each fiber has its own, as each thread has of a `thread_local`; a plain thread has one too.
///
///     mioco::fiber_local<parser_state> state;                    // at namespace scope, say
///     mioco::fiber_local<int> budget{[] { return 100; }};        // begins with what the function returns
///
///     void handle() { state->feed(...); --*budget; }
///
/// The value is made when a fiber first asks for it, and destroyed at that fiber's end (whether it returned, threw or was
/// cancelled), before its join returns, in the reverse order in which they were made; a thread's at the thread's end. A
/// destructor may wait, as all cancels are hidden from it, and may use other fiber-locals. One that was destroyed already is
/// made anew then, and destroyed in its turn; more than a thousand of those at the end of one fiber end the process with a
/// message.
///
/// An address from `get` holds until the fiber's end, also across calls that wait and on whichever thread the fiber goes on.
/// Values are not inherited; for that see `this_fiber::set_children_data`.
///
/// The object may be destroyed before the fibers that used it have ended; their values live on to the fiber's end. Any
/// number of fibers and threads may use one object at once. New here: the original had one value a fiber, see fiber_data.hpp.
template <class T>
class fiber_local {
public:
    /// Values begin as `T()`.
    fiber_local()
        requires std::is_default_constructible_v<T>
    = default;
    /// Values begin as what `make()` returns; `T` need not be movable. It is called on the fiber that asks, maybe by several at
    /// once.
    explicit fiber_local(std::function<T()> make) : make_(std::move(make)) {}
    fiber_local(const fiber_local&) = delete;
    fiber_local& operator=(const fiber_local&) = delete;
    /// See above for what becomes of the values.
    ~fiber_local() = default;

    /// The caller's value. Made now if there is none, and then throws what its construction throws, after which the next call
    /// tries again. Never blocks by itself, and is not a cancellation point.
    [[nodiscard]] T& get() {
        if (detail::local_value* const found = detail::find_local(key_))
            return static_cast<holder*>(found)->value;
        return make();
    }

    /// The caller's value if it was made already, else null.
    [[nodiscard]] T* get_if() noexcept {
        detail::local_value* const found = detail::find_local(key_);
        return found == nullptr ? nullptr : std::addressof(static_cast<holder*>(found)->value);
    }

    /// As `get`.
    [[nodiscard]] T& operator*() { return get(); }
    /// As `get`.
    [[nodiscard]] T* operator->() { return std::addressof(get()); }

private:
    struct holder : detail::local_value {
        T value;

        holder() : local_value{&destroy_holder}, value() {}
        explicit holder(const std::function<T()>& make)
            : local_value{&destroy_holder}, value(make()) {}
    };

    static void destroy_holder(detail::local_value& mine) noexcept {
        delete static_cast<holder*>(&mine);
    }

    std::unique_ptr<holder> made() const {
        if constexpr (std::is_default_constructible_v<T>) {
            if (!make_) return std::make_unique<holder>();
        }
        return std::make_unique<holder>(make_);
    }

    T& make() {
        auto value = made();
        detail::keep_local(key_, *value);
        return value.release()->value;
    }

    detail::local_key key_;
    std::function<T()> make_;
};

}  // namespace mioco
