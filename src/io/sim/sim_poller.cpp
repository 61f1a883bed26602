// SPDX-License-Identifier: MPL-2.0
#include "io/sim/sim_poller.hpp"

#include <algorithm>
#include <cerrno>

#include <sys/epoll.h>

#include "io/fd.hpp"
#include "io/post_event.hpp"
#include "io/sim/world.hpp"
#include "sched/current.hpp"

namespace mioco::detail::sim {

sim_poller::sim_poller(const void* group, world& in) : poller(group), in_(in) {}

sim_poller::~sim_poller() {
    while (!watched_.empty()) forget(*watched_.back());
}

watched* sim_poller::find(const open_file& file, int number) const noexcept {
    for (watched* const each : file.watchers_) {
        if (each->by == this && each->number == number) return each;
    }
    return nullptr;
}

int sim_poller::watch(fd_object& fd) noexcept {
    const int number = fd.number.load(std::memory_order_relaxed);
    open_file* const file = in_.table().find(number);
    if (file == nullptr) return -EBADF;
    if (file->is_on_disk()) return -EPERM;
    watched* what = find(*file, number);
    if (what == nullptr) {
        auto made =
            std::make_unique<watched>(watched{this, file, number, fd.event_key(), watched_.size()});
        what = made.get();
        watched_.push_back(std::move(made));
        file->watchers_.push_back(what);
    }
    what->key = fd.event_key();
    // What holds already is an event too.
    queue(*what);
    return 0;
}

void sim_poller::unwatch(fd_object& fd) noexcept {
    const int number = fd.number.load(std::memory_order_relaxed);
    const open_file* const file = in_.table().find(number);
    if (file == nullptr) return;
    if (watched* const what = find(*file, number)) forget(*what);
}

void sim_poller::forget(watched& gone) noexcept {
    if (gone.queued) std::erase(queued_, &gone);
    std::erase(gone.file->watchers_, &gone);
    const std::size_t place = gone.place;
    watched_.back()->place = place;
    std::swap(watched_[place], watched_.back());
    watched_.pop_back();
}

void sim_poller::queue(watched& what) {
    if (std::exchange(what.queued, true)) return;
    const bool first = !has_news();
    queued_.push_back(&what);
    if (first) in_.whose().woken(*this);
}

watched& sim_poller::take_any() noexcept {
    const auto place = static_cast<std::size_t>(in_.below(queued_.size()));
    std::swap(queued_[place], queued_.back());
    watched& taken = *queued_.back();
    queued_.pop_back();
    taken.queued = false;
    return taken;
}

template <class Waker>
void sim_poller::post_queued(std::size_t most, const Waker& wake) {
    for (std::size_t posted = 0; posted < most && !queued_.empty();) {
        const watched& each = take_any();
        constexpr std::uint32_t everything =
            EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLERR | EPOLLHUP;
        const std::uint32_t events = each.file->now_ready() & everything;
        if (events == 0) continue;
        ++posted;
        each.file->note(act::event, events);
        post_event(each.key, events, wake);
    }
}

template <class Waker>
std::size_t sim_poller::post_spurious(const Waker& wake) {
    if (watched_.empty() || !in_.chance(in_.faults().spurious_event)) return 0;
    const watched& any = *watched_[in_.below(watched_.size())];
    const std::uint32_t events = in_.below(2) == 0 ? EPOLLIN : EPOLLIN | EPOLLOUT;
    any.file->note(act::spurious_event, events);
    post_event(any.key, events, wake);
    return 1;
}

void sim_poller::wait(nanoseconds_t timeout_ns, std::size_t most, caller who) noexcept {
    in_.run_due();
    nanoseconds_t deadline = in_.now();
    if (timeout_ns > 0 && !has_news())
        deadline = timeout_ns < never - deadline ? deadline + timeout_ns : never;
    in_.whose().pass(*this, deadline);
    // What wakes the owner is not for a neighbour who looks in.
    if (who == caller::owner) woken_.store(false, std::memory_order_relaxed);
    const auto post_all = [&](const auto& wake) {
        if (most > 0) post_queued(most - post_spurious(wake), wake);
    };
    if (worker* const here = current_worker()) {
        post_all(event_waker(*here));
    } else {
        post_all(waker());
    }
}

void sim_poller::wake() noexcept {
    if (woken_.exchange(true, std::memory_order_relaxed)) return;
    in_.whose().woken(*this);
}

}  // namespace mioco::detail::sim
