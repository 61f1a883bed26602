// SPDX-License-Identifier: MPL-2.0
// What Boost.Fiber lacks for a server: a scheduler that waits in epoll, and sockets whose calls park the fiber.
#pragma once

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/fiber/all.hpp>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <system_error>

namespace peer {

// A descriptor, registered edge-triggered once, and the fiber that waits for each direction.
struct descriptor {
    int fd;
    boost::fibers::context* reader = nullptr;
    boost::fibers::context* writer = nullptr;
    bool readable = true;
    bool writable = true;
    bool ended = false;  // hang-up or error seen: no short read means "drained" any more
};

// Round robin over the ready fibers of one thread. It waits in epoll when none is ready, and looks into it now and then
// when some always are.
class epoll_scheduler : public boost::fibers::algo::algorithm {
public:
    epoll_scheduler() {
        current() = this;
        watch(wakeup_, EPOLLIN, nullptr);
    }
    ~epoll_scheduler() override {
        ::close(wakeup_);
        ::close(epoll_);
    }
    epoll_scheduler(const epoll_scheduler&) = delete;
    epoll_scheduler& operator=(const epoll_scheduler&) = delete;

    static epoll_scheduler*& current() noexcept {
        static thread_local epoll_scheduler* scheduler = nullptr;
        return scheduler;
    }

    void watch(int fd, std::uint32_t events, descriptor* d) const {
        epoll_event event{};
        event.events = events | EPOLLET;
        event.data.ptr = d;
        if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
            throw std::system_error(errno, std::system_category(), "epoll_ctl");
        }
    }

    void awakened(boost::fibers::context* fiber) noexcept override { fiber->ready_link(ready_); }

    boost::fibers::context* pick_next() noexcept override {
        if (ready_.empty()) return nullptr;
        if (++picks_ % picks_a_poll == 0) poll(0);
        boost::fibers::context* fiber = &ready_.front();
        ready_.pop_front();
        return fiber;
    }

    bool has_ready_fibers() const noexcept override { return !ready_.empty(); }

    void suspend_until(const std::chrono::steady_clock::time_point& deadline) noexcept override {
        using namespace std::chrono;
        if (deadline == steady_clock::time_point::max()) {
            poll(-1);
            return;
        }
        const auto left = ceil<milliseconds>(deadline - steady_clock::now()).count();
        poll(left > 0 ? static_cast<int>(left) : 0);
    }

    void notify() noexcept override {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(wakeup_, &one, sizeof one);
    }

private:
    static constexpr unsigned picks_a_poll = 256;

    static void wake(boost::fibers::context*& waiter) noexcept {
        if (waiter == nullptr) return;
        boost::fibers::context* fiber = waiter;
        waiter = nullptr;
        boost::fibers::context::active()->schedule(fiber);
    }

    void poll(int timeout_ms) noexcept {
        const int count =
            ::epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), timeout_ms);
        for (int i = 0; i < count; ++i) {
            const epoll_event& event = events_[static_cast<std::size_t>(i)];
            auto* d = static_cast<descriptor*>(event.data.ptr);
            if (d == nullptr) continue;  // the wake-up: edge-triggered, so it needs no read
            const bool ended = (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
            d->ended = d->ended || ended;
            if ((event.events & EPOLLIN) != 0 || ended) {
                d->readable = true;
                wake(d->reader);
            }
            if ((event.events & EPOLLOUT) != 0 || ended) {
                d->writable = true;
                wake(d->writer);
            }
        }
    }

    boost::fibers::scheduler::ready_queue_type ready_;
    int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    int wakeup_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    unsigned picks_ = 0;
    std::array<epoll_event, 512> events_;
};

// A non-blocking socket whose calls park the calling fiber. A short read is taken for the last one, so that a request
// costs two calls.
class socket {
public:
    explicit socket(int fd) : d_{fd} {
        epoll_scheduler::current()->watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP, &d_);
    }
    ~socket() { ::close(d_.fd); }
    socket(const socket&) = delete;
    socket& operator=(const socket&) = delete;

    int accept() {
        return static_cast<int>(retry(d_.readable, d_.reader, [this] {
            return ::accept4(d_.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        }));
    }

    ssize_t read(char* data, std::size_t size) {
        const ssize_t got =
            retry(d_.readable, d_.reader, [&] { return ::recv(d_.fd, data, size, 0); });
        if (got > 0 && static_cast<std::size_t>(got) < size && !d_.ended) d_.readable = false;
        return got;
    }

    bool write_all(const char* data, std::size_t size) {
        while (size > 0) {
            const ssize_t sent = retry(d_.writable, d_.writer,
                                       [&] { return ::send(d_.fd, data, size, MSG_NOSIGNAL); });
            if (sent < 0) return false;
            data += sent;
            size -= static_cast<std::size_t>(sent);
        }
        return true;
    }

private:
    template <class Call>
    static ssize_t retry(bool& ready, boost::fibers::context*& waiter, Call call) {
        for (;;) {
            while (!ready) {
                waiter = boost::fibers::context::active();
                waiter->suspend();
            }
            const ssize_t result = call();
            if (result >= 0 || errno != EAGAIN) return result;
            ready = false;
        }
    }

    descriptor d_;
};

}  // namespace peer
