// SPDX-License-Identifier: MPL-2.0
#include "io/fd.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <system_error>

#include "base/assert.hpp"
#include "io/driver.hpp"
#include "io/post_event.hpp"
#include "sched/wake_inline.hpp"

namespace mioco::detail {

constinit fd_table all_fds;

namespace {

void end_sides(fd_object& fd) noexcept {
    const waker wake(wait_arm::closed);
    for (fd_side* const each : {&fd.reading, &fd.writing}) each->close(wake);
}

void unwatch(fd_object& fd) noexcept {
    const std::scoped_lock held(fd.watch_lock);
    if (poller* const watcher = fd.watcher.exchange(nullptr, std::memory_order_acq_rel))
        watcher->unwatch(fd);
}

bool is_waited_on(const fd_object& fd) noexcept {
    const fd_side* const sides[] = {&fd.reading, &fd.writing};
    return std::ranges::any_of(
        sides, [](const fd_side* each) { return each->slot().is_occupied() || each->has_queue(); });
}

void retire(fd_object& fd) noexcept {
    fd.generation.fetch_add(1, std::memory_order_release);
    fd.watcher.store(nullptr, std::memory_order_relaxed);
    all_fds.give(&fd);
}

}  // namespace

fd_object* new_fd_object(int number) noexcept {
    fd_object* const fd = all_fds.take(1);
    if (fd == nullptr) return nullptr;
    for (fd_side* const each : {&fd->reading, &fd->writing}) each->reset();
    fd->leases.reset();
    fd->marks.store(fd_object::fills_leases, std::memory_order_relaxed);  // as `leases` begins
    fd->was_blocking = true;
    fd->may_be_shared = false;
    fd->mode = call_mode::direct;
    fd->strays.reset();
    fd->number.store(number, std::memory_order_relaxed);
    fd->shares.store(1, std::memory_order_relaxed);
    return fd;
}

fd_object& make_fd(int number) {
    if (fd_object* const fd = new_fd_object(number)) return *fd;
    current_driver().close(number);
    throw std::system_error(std::make_error_code(std::errc::not_enough_memory),
                            "mioco: no room for a descriptor");
}

void add_share(fd_object& fd) noexcept { fd.shares.fetch_add(1, std::memory_order_relaxed); }

void drop_share(fd_object& fd) noexcept {
    if (fd.shares.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    if (fd.may_be_shared && !fd.is_closed()) unwatch(fd);
    current_driver().close(fd.number.exchange(-1, std::memory_order_relaxed));
    retire(fd);
}

bool close_fd(fd_object& fd) noexcept {
    {
        const std::scoped_lock held(fd.watch_lock);
        if ((fd.marks.fetch_or(fd_object::closed, std::memory_order_acq_rel) & fd_object::closed) !=
            0)
            return false;
    }
    if (fd.may_be_shared) unwatch(fd);
    end_sides(fd);
    return current_driver().disable(fd.number.load(std::memory_order_relaxed));
}

int release_fd(fd_object& fd) noexcept {
    if (fd.is_closed()) return -EBADF;
    if (fd.shares.load(std::memory_order_acquire) != 1 || is_waited_on(fd)) return -EBUSY;
    unwatch(fd);
    const int number = fd.number.exchange(-1, std::memory_order_relaxed);
    if (fd.was_blocking) current_driver().make_blocking(number);
    fd.shares.store(0, std::memory_order_relaxed);
    retire(fd);
    return number;
}

void note_lease(fd_object& fd, std::size_t count, std::size_t room) noexcept {
    constexpr auto mark = fd_object::fills_leases;
    const bool grown = fd.leases.note(count, room);
    if (grown == ((fd.marks.load(std::memory_order_relaxed) & mark) != 0)) return;
    if (grown) {
        fd.marks.fetch_or(mark, std::memory_order_relaxed);
    } else {
        fd.marks.fetch_and(static_cast<std::uint8_t>(~mark), std::memory_order_relaxed);
    }
}

void wake_sides(fd_object& fd) noexcept {
    const waker wake;
    for (fd_side* const each : {&fd.reading, &fd.writing}) each->post(wake);
}

std::uint32_t note_rare_events(fd_object& fd, std::uint32_t events) noexcept {
    const bool urgent = (events & EPOLLPRI) != 0;
    const bool over = (events & (EPOLLHUP | EPOLLERR)) != 0;
    const bool hung_up = over || (events & EPOLLRDHUP) != 0;
    fd.marks.fetch_or(static_cast<std::uint8_t>((urgent ? fd_object::urgent : 0) |
                                                (hung_up ? fd_object::hung_up : 0)),
                      std::memory_order_seq_cst);
    return events | (over ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void forget_poller(poller& gone) noexcept {
    all_fds.for_each([&](fd_object& fd) {
        if (fd.watcher.load(std::memory_order_relaxed) != &gone) return;
        {
            const std::scoped_lock held(fd.watch_lock);
            if (fd.watcher.load(std::memory_order_relaxed) != &gone) return;
            gone.unwatch(fd);
            fd.watcher.store(nullptr, std::memory_order_release);
        }
        wake_sides(fd);
    });
}

}  // namespace mioco::detail
