// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <exception>
#include <string>
#include <system_error>

#include <mioco/time.hpp>

#include "support/world.hpp"

namespace mioco_test {

/// Lets one side wait for the other by order, not by time. `await` is for fibers and threads alike.
class flag {
public:
    void raise() { raised_.store(true, std::memory_order_release); }
    [[nodiscard]] bool is_raised() const { return raised_.load(std::memory_order_acquire); }
    void await() const {
        while (!is_raised()) mioco::yield();
    }
    /// Holds the thread, as a fiber that computes does.
    void await_computing() const {
        while (!is_raised()) yield_thread();
    }

private:
    std::atomic<bool> raised_{false};
};

/// Counts its living objects; a copy counts, and so does a moved-from one.
class counted {
public:
    explicit counted(std::atomic<int>& living) : living_(&living) { ++*living_; }
    counted(const counted& other) : living_(other.living_) { ++*living_; }
    counted& operator=(const counted&) = delete;
    ~counted() { --*living_; }

private:
    std::atomic<int>* living_;
};

/// The condition of the std::system_error that `f` throws, `std::errc{}` if it throws none.
template <class F>
std::errc error_of(F&& f) {
    try {
        f();
    } catch (const std::system_error& e) {
        return static_cast<std::errc>(e.code().default_error_condition().value());
    }
    return {};
}

/// What the std::exception that `f` throws says; empty if it throws none.
template <class F>
std::string message_of(F&& f) {
    try {
        f();
    } catch (const std::exception& e) {
        return e.what();
    }
    return {};
}

}  // namespace mioco_test
