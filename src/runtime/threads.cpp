// SPDX-License-Identifier: MPL-2.0
#include <string>
#include <system_error>

#include "fiber/parking.hpp"
#include "io/fd.hpp"
#include "runtime/runtime_core.hpp"
#include "sched/worker.hpp"

// The threads of a runtime: when they start, and who is worker 0.

namespace mioco::detail {

void runtime_core::start_threads(bool with_first_worker) {
    const std::scoped_lock held(threads_mutex_);
    if (watchdog_ != nullptr) start_watchdog();
    threads_.reserve(worker_count());  // before a thread runs that would have no place
    for (; others_started_ + 1 < worker_count(); ++others_started_)
        start_thread(others_started_ + 1);
    if (with_first_worker && !first_started_ && !driven_) {
        start_thread(0);
        first_started_ = true;
    }
}

void runtime_core::start_thread(unsigned number) try {
    threads_.push_back(
        driver_.start_thread(settings_.name + "_" + std::to_string(number),
                             [this, number] { workers_[number]->run(&is_closing); }));
} catch (const std::system_error& e) {
    throw std::system_error(
        e.code(),
        "mioco: worker " + std::to_string(number + 1) + " of " + std::to_string(worker_count()) +
            " could not get a thread (have fewer workers: config::workers or MIOCO_WORKERS; or "
            "raise the limit of threads or of memory: ulimit -u, ulimit -v)");
}

void runtime_core::start_watchdog() try { watchdog_->start(); } catch (const std::system_error& e) {
    throw std::system_error(e.code(), "mioco: config::watchdog could not get a thread");
}

void runtime_core::end_watchdog() noexcept {
    const std::scoped_lock held(threads_mutex_);
    if (watchdog_ != nullptr) watchdog_->end();
}

// Not by waiting for the mutex: its holder may wait for the worker that asks.
std::size_t runtime_core::thread_count() noexcept {
    const std::unique_lock held(threads_mutex_, std::try_to_lock);
    if (!held) return 0;
    const unsigned onlookers = (watchdog_ != nullptr && watchdog_->is_started() ? 1U : 0U) +
                               (dump_signal_.has_value() ? 1U : 0U);
    return others_started_ + (first_started_ || driven_ ? 1 : 0) + onlookers + offloads_.threads();
}

bool runtime_core::begin_to_drive() {
    refuse_outsiders("ran a runtime");
    if (current_fiber() != nullptr) return false;
    {
        const std::scoped_lock held(threads_mutex_);
        if (first_started_ || driven_) return false;
        driven_ = true;
    }
    try {
        start_threads(false);
    } catch (...) {
        const std::scoped_lock held(threads_mutex_);
        driven_ = false;
        throw;
    }
    return true;
}

void runtime_core::drive() noexcept {
    for (;;) {
        workers_.front()->run(&is_idle);
        // Who spawns from outside just now finds either a driver or, having counted its fiber before it looks, makes this one go on.
        const std::scoped_lock held(threads_mutex_);
        if (!is_at_rest()) continue;
        driven_ = false;
        forget_poller(workers_.front()->events());
        return;
    }
}

void runtime_core::join_threads() noexcept {
    const std::scoped_lock held(threads_mutex_);
    for (auto& each : threads_) each->join();
    threads_.clear();
}

}  // namespace mioco::detail
