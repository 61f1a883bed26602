// SPDX-License-Identifier: MPL-2.0
#include "io/epoll/epoll_poller.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>

#include "base/cure.hpp"
#include "base/sys.hpp"
#include "io/fd.hpp"
#include "io/post_event.hpp"
#include "sched/current.hpp"

namespace mioco::detail {

namespace {

// Keys that no descriptor has, see fd_object::event_key.
constexpr std::uint64_t wakeup_key = 1;
constexpr std::uint64_t timer_key = 2;
constexpr std::uint64_t ring_key = 3;
constexpr std::size_t events_a_wait = 128;

// Whether one of them is for the poller itself.
template <class Waker>
bool post_events(std::span<const epoll_event> found, const Waker& wake) noexcept {
    bool own = false;
    for (const epoll_event& event : found) {
        if (event.data.u64 <= ring_key) [[unlikely]] {
            own |= event.data.u64 != ring_key;
        } else {
            post_event(event.data.u64, event.events, wake);
        }
    }
    return own;
}

bool has_precise_wait() {
    if (const char* const wanted = std::getenv("MIOCO_TIMER");
        wanted != nullptr && *wanted != '\0') {
        const std::string method = wanted;
        if (method == "timerfd") return false;
        if (method != "epoll_pwait2") {
            throw std::invalid_argument("mioco: MIOCO_TIMER = \"" + method +
                                        "\": allowed is epoll_pwait2 or timerfd");
        }
    }
    const int probe = sys::epoll_create();
    if (probe < 0) return false;
    epoll_event none{};
    const bool works = sys::epoll_wait_precise(probe, &none, 1, 0) == 0;
    sys::close(probe);
    return works;
}

bool precise_wait() {
    static const bool works = has_precise_wait();
    return works;
}

}  // namespace

epoll_poller::epoll_poller(const void* group)
    : poller(group), asked_for_ring_(!files_may_have_ring()) {
    epoll_fd_ = sys::epoll_create();
    wakeup_fd_ = epoll_fd_ < 0 ? epoll_fd_ : sys::event_fd();
    int failure = wakeup_fd_;
    // Edge-triggered, so that each wake-up is seen once and nobody has to read it.
    if (failure >= 0)
        failure =
            sys::epoll_control(epoll_fd_, EPOLL_CTL_ADD, wakeup_fd_, EPOLLIN | EPOLLET, wakeup_key);
    if (failure >= 0 && !precise_wait()) {
        timer_fd_ = sys::timer_fd();
        failure = timer_fd_;
        if (failure >= 0) {
            failure = sys::epoll_control(epoll_fd_, EPOLL_CTL_ADD, timer_fd_, EPOLLIN | EPOLLET,
                                         timer_key);
        }
    }
    if (failure >= 0) return;
    close_all();
    throw std::system_error(
        -failure, std::system_category(),
        std::string("mioco: a worker could not get its epoll instance") + cure_of(failure));
}

epoll_poller::~epoll_poller() { close_all(); }

void epoll_poller::close_all() noexcept {
    for (const int fd : {timer_fd_, wakeup_fd_, epoll_fd_}) {
        if (fd >= 0) sys::close(fd);
    }
}

int epoll_poller::watch(fd_object& fd) noexcept {
    constexpr std::uint32_t everything = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
    const int number = fd.number.load(std::memory_order_relaxed);
    const int failure =
        sys::epoll_control(epoll_fd_, EPOLL_CTL_ADD, number, everything, fd.event_key());
    // One that was closed while its open file lives on, such as in flight to another process, and came back with its number.
    if (failure != -EEXIST) return failure;
    return sys::epoll_control(epoll_fd_, EPOLL_CTL_MOD, number, everything, fd.event_key());
}

void epoll_poller::unwatch(fd_object& fd) noexcept {
    sys::epoll_control(epoll_fd_, EPOLL_CTL_DEL, fd.number.load(std::memory_order_relaxed), 0, 0);
}

bool epoll_poller::make_ring() noexcept {
    asked_for_ring_ = true;
    try {
        ring_ = file_ring::make();
    } catch (const std::bad_alloc&) {
        return false;
    }
    // Not edge-triggered: whoever waits next looks after what a neighbour has left there.
    if (ring_ != nullptr &&
        sys::epoll_control(epoll_fd_, EPOLL_CTL_ADD, ring_->descriptor(), EPOLLIN, ring_key) < 0)
        ring_.reset();
    shared_ring_.store(ring_.get(), std::memory_order_release);
    return ring_ != nullptr;
}

void epoll_poller::wait(nanoseconds_t timeout_ns, std::size_t most, caller who) noexcept {
    file_ring* const ring = shared_ring_.load(std::memory_order_acquire);
    if (ring != nullptr && (ring->serve(most) > 0 || ring->has_more())) [[unlikely]]
        timeout_ns = 0;
    epoll_event events[events_a_wait];
    const int size = static_cast<int>(std::min(most, events_a_wait));
    const int count = wait_for_events(events, size, timeout_ns);
    if (count > 0 && post({events, static_cast<std::size_t>(count)}) && who == caller::neighbour)
        wake();
    if (ring != nullptr && timeout_ns != 0) [[unlikely]]
        ring->serve(most);
}

// Whether there was one for the owner, who may have gone to sleep since.
bool epoll_poller::post(std::span<const epoll_event> found) const noexcept {
    worker* const here = current_worker();
    return here != nullptr ? post_events(found, event_waker(*here)) : post_events(found, waker());
}

int epoll_poller::wait_for_events(epoll_event* events, int size,
                                  nanoseconds_t timeout_ns) const noexcept {
    if (timeout_ns <= 0) return sys::epoll_wait(epoll_fd_, events, size, 0);
    if (timeout_ns == never) return sys::epoll_wait(epoll_fd_, events, size, -1);
    if (timer_fd_ < 0) return sys::epoll_wait_precise(epoll_fd_, events, size, timeout_ns);
    sys::set_timer_fd(timer_fd_, timeout_ns);
    return sys::epoll_wait(epoll_fd_, events, size, -1);
}

void epoll_poller::wake() noexcept {
    constexpr std::uint64_t one = 1;
    sys::write(wakeup_fd_, &one, sizeof one);
}

}  // namespace mioco::detail
