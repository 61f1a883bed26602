// SPDX-License-Identifier: MPL-2.0
#include "offload/offload_pool.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/signals_blocked.hpp"
#include "debug/log.hpp"
#include "sched/wake.hpp"

namespace mioco::detail {

offload_pool::outcome offload_pool::run(fiber& self, offload_job& job,
                                        parking::cancelling mode) noexcept {
    std::unique_lock held(mutex_);
    const bool has_room = jobs_.size() < options_.most_queued;
    ++self.on->counts().offloaded;
    parking wait(self, has_room ? wait_reason::offload : wait_reason::offload_room, never, mode);
    job.caller = wait.token();
    jobs_.push(job);
    const bool start = !call_one_idle() && reserve_thread();
    held.unlock();
    if (start) start_thread();
    wait.park();
    if (wait.ended_by() != wait_arm::cancel)
        return job.refused ? outcome::no_thread : outcome::done;
    withdraw(job);
    return outcome::cancelled;
}

void offload_pool::post(offload_job& job) noexcept {
    if (worker* const here = current_worker()) ++here->counts().offloaded;
    std::unique_lock held(mutex_);
    jobs_.push(job);
    const bool start = !call_one_idle() && reserve_thread();
    held.unlock();
    if (start) start_thread();
}

bool offload_pool::call_one_idle() noexcept {
    pool_thread* const called = idle_;
    if (called == nullptr) return false;
    idle_ = called->next_idle;
    --idle_count_;
    called->called = true;
    // Under the mutex: without it the thread might see that it is called, do the job, and end meanwhile.
    called->call.notify_one();
    return true;
}

bool offload_pool::reserve_thread() noexcept {
    if (count_ == options_.most_threads) return false;
    ++count_;
    return true;
}

// In the caller's wait, which is open: with no thread at all, its own job is among those that are refused.
void offload_pool::start_thread() noexcept {
    unsigned number = options_.most_threads;
    try {
        pool_thread& made = make_room();
        number = made.number;
        spawn(made);
    } catch (const std::exception& e) {
        MIOCO_LOG("starts no thread of the pool: %s", e.what());
        give_up(number);
    }
}

offload_pool::pool_thread& offload_pool::make_room() {
    auto made = std::make_unique<pool_thread>();
    const std::scoped_lock held(mutex_);
    auto place = std::find(threads_.begin(), threads_.end(), nullptr);
    if (place == threads_.end()) place = threads_.emplace(place);
    made->number = static_cast<unsigned>(place - threads_.begin());
    *place = std::move(made);
    return **place;
}

void offload_pool::spawn(pool_thread& made) {
    const std::scoped_lock held(starting_);
    const signals_blocked meanwhile;
    made.handle = io_.start_thread(options_.name + "-pool-" + std::to_string(made.number),
                                   [this, &made] { work(made); });
}

void offload_pool::give_up(unsigned number) noexcept {
    std::unique_ptr<pool_thread> unused;
    std::unique_lock held(mutex_);
    if (number < threads_.size()) unused = std::move(threads_[number]);
    // If there are others, they come to the jobs in time.
    if (--count_ == 0) refuse_all(held);
}

void offload_pool::refuse_all(std::unique_lock<std::mutex>& held) noexcept {
    const waker wake;
    while (offload_job* const job = take_claimed()) {
        job->refused = true;
        if (job->caller) {
            wake.complete(job->caller);
        } else {
            held.unlock();
            job->call(job->context);
            held.lock();
        }
    }
}

// The next job whose caller was not cancelled. Of one that was, nothing may be touched once the mutex is free: its caller leaves.
offload_job* offload_pool::take_claimed() noexcept {
    const waker wake;
    while (offload_job* const job = jobs_.pop()) {
        if (!job->caller || wake.claim(job->caller)) return job;
    }
    return nullptr;
}

bool offload_pool::withdraw(offload_job& job) noexcept {
    const std::scoped_lock held(mutex_);
    if (!job.queued) return false;
    jobs_.remove(job);
    return true;
}

void offload_pool::work(pool_thread& me) noexcept {
    wait_token finished;
    for (;;) {
        // Before the last job's caller goes on: if that offloads again at once, it finds this thread idle and starts none.
        offload_job* const job = take_job_or_rest(me);
        if (finished) waker().complete(std::exchange(finished, wait_token()));
        if (job != nullptr) {
            const wait_token caller =
                job->caller;  // without one the job may be gone after its call
            job->call(job->context);
            finished = caller;
        } else if (!wait_until_called(me)) {
            return;
        }
    }
}

// Null: this thread is idle now, or the pool closes.
offload_job* offload_pool::take_job_or_rest(pool_thread& me) noexcept {
    const std::scoped_lock held(mutex_);
    me.called = false;
    offload_job* const job = take_claimed();
    if (job != nullptr || closing_) return job;
    me.next_idle = std::exchange(idle_, &me);
    ++idle_count_;
    return nullptr;
}

// False: it was idle for too long, or the pool closes, and the thread is to end. It is no longer counted then.
bool offload_pool::wait_until_called(pool_thread& me) {
    std::unique_lock held(mutex_);
    if (me.call.wait_for(held, options_.idle_for, [&] { return me.called || closing_; }) &&
        me.called)
        return true;
    if (closing_) return false;
    leave_idle(me);
    --count_;
    auto before = std::exchange(ended_, std::move(threads_[me.number]));
    held.unlock();
    if (before != nullptr) join(*before);
    return false;
}

void offload_pool::leave_idle(pool_thread& me) noexcept {
    pool_thread** link = &idle_;
    while (*link != &me) link = &(*link)->next_idle;
    *link = me.next_idle;
    --idle_count_;
}

void offload_pool::join(pool_thread& ended) noexcept {
    std::unique_lock held(starting_);
    const std::unique_ptr<driver_thread> handle = std::move(ended.handle);
    held.unlock();
    handle->join();
}

void offload_pool::close() noexcept {
    {
        const std::scoped_lock held(mutex_);
        closing_ = true;
        for (auto& each : threads_) {
            if (each != nullptr) each->call.notify_one();
        }
    }
    // From here on none ends by itself.
    for (auto& each : threads_) {
        if (each != nullptr) join(*each);
    }
    threads_.clear();
    if (ended_ != nullptr) join(*std::exchange(ended_, nullptr));
}

unsigned offload_pool::threads() const {
    const std::scoped_lock held(mutex_);
    return count_;
}

unsigned offload_pool::idle_threads() const {
    const std::scoped_lock held(mutex_);
    return idle_count_;
}

std::size_t offload_pool::queued() const {
    const std::scoped_lock held(mutex_);
    return std::min(jobs_.size(), options_.most_queued);
}

std::size_t offload_pool::waiting_for_room() const {
    const std::scoped_lock held(mutex_);
    return jobs_.size() - std::min(jobs_.size(), options_.most_queued);
}

}  // namespace mioco::detail
