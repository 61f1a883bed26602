// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <chrono>
#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include <mioco/sim.hpp>
#include <mioco/time.hpp>

#include "io/driver.hpp"

// What a test wants of the system, asked of the world that the test runs in. A simulation has threads and a clock of its own, and its
// threads must neither block nor spin in another way.

namespace mioco_test {

/// As std::jthread without a stop token, save that `join` rethrows what the function threw.
class thread {
public:
    thread() = default;
    template <class F, class... Args>
        requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
    explicit thread(F&& f, Args&&... args) {
        auto call = std::make_shared<std::tuple<std::decay_t<F>, std::decay_t<Args>...>>(
            std::forward<F>(f), std::forward<Args>(args)...);
        started_ = mioco::detail::current_driver().start_thread(
            "test", [call = std::move(call), error = error_]() mutable {
                try {
                    const auto invoke = [](auto& function, auto&... each) {
                        static_cast<void>(std::invoke(std::move(function), std::move(each)...));
                    };
                    std::apply(invoke, *call);
                } catch (...) {
                    *error = std::current_exception();
                }
                call.reset();
            });
    }

    thread(thread&&) noexcept = default;
    thread& operator=(thread&&) noexcept = default;
    ~thread() {
        if (joinable()) started_->join();
    }

    [[nodiscard]] bool joinable() const noexcept { return started_ != nullptr; }
    void join() {
        started_->join();
        started_.reset();
        if (*error_ != nullptr) std::rethrow_exception(std::exchange(*error_, nullptr));
    }

private:
    std::shared_ptr<std::exception_ptr> error_ = std::make_shared<std::exception_ptr>();
    std::unique_ptr<mioco::detail::driver_thread> started_;
};

/// Lets other threads run, and holds the worker, as std::this_thread::yield does.
inline void yield_thread() { mioco::detail::current_driver().yield_thread(); }

/// In a loop that looks at something again and again, and does not want to give up its CPU.
inline void look_again() {
    if (mioco::sim::is_simulated()) yield_thread();
}

inline std::chrono::steady_clock::time_point now() { return mioco::now(); }

/// Holds the thread, as std::this_thread::sleep_for does.
inline void block_for(std::chrono::nanoseconds time) {
    mioco::detail::driver& io = mioco::detail::current_driver();
    io.sleep_until(io.now() + time.count());
}

}  // namespace mioco_test
