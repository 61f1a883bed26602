// SPDX-License-Identifier: MPL-2.0
#include "io/sim/sim_driver.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <poll.h>

#include "io/sim/pipe.hpp"
#include "io/sim/sim_poller.hpp"

// Descriptors of any kind. The calls of sockets, of pipes and of files are in files of their own.

namespace mioco::detail::sim {

std::unique_ptr<poller> sim_driver::make_poller(const void* group) {
    return std::make_unique<sim_poller>(group, in_);
}

void sim_driver::refuse(int fd, const char* call) noexcept {
    std::fprintf(stderr,
                 "mioco: simulation: %s of descriptor %d, which the kernel has made: a simulation "
                 "uses its own alone, as what others do is not the same in the next run\n",
                 call, fd);
    std::abort();
}

const char* sim_driver::why_foreign(int fd) const noexcept {
    if (fd < 0 || fd >= descriptor_table::lowest) return nullptr;
    return ", which the kernel has made: a simulation uses its own alone";
}

sim_driver::found<open_file> sim_driver::find(int fd, const char* call) noexcept {
    sim::open_file* const file = in_.table().find(fd);
    if (file != nullptr) {
        if (file->is_crashed() || in_.is_cut_off()) return {nullptr, -EIO};
        return {file, 0};
    }
    if (fd >= 0 && fd < descriptor_table::lowest) refuse(fd, call);
    return {nullptr, -EBADF};
}

sim_driver::found<pipe_file> sim_driver::find_pipe(int fd, const char* call) noexcept {
    const auto [file, failure] = find(fd, call);
    if (file == nullptr) return {nullptr, failure};
    if (file->what() != sim::open_file::kind::pipe) return {nullptr, -EBADF};
    return {static_cast<pipe_file*>(file), 0};
}

int sim_driver::disturb(sim::open_file& file) noexcept {
    // Of which neither is ever true.
    if (file.is_on_disk()) return 0;
    if (in_.chance(in_.faults().interrupted)) {
        file.note(act::interrupted, 0);
        return -EINTR;
    }
    if (in_.chance(in_.faults().again)) {
        file.note(act::made_to_wait, 0);
        file.news();
        return -EAGAIN;
    }
    return 0;
}

int sim_driver::add(std::shared_ptr<sim::open_file> file) noexcept {
    const host_id host = file->host();
    if (in_.is_cut_off() || !in_.net().at(host).is_up) return -EIO;
    return in_.table().add(file_ref(std::move(file)), host);
}

int sim_driver::add_pair(std::shared_ptr<sim::open_file> first,
                         std::shared_ptr<sim::open_file> second, int (&ends)[2]) noexcept {
    const int one = add(std::move(first));
    if (one < 0) return one;
    const int other = add(std::move(second));
    if (other < 0) {
        in_.table().remove(one);
        return other;
    }
    ends[0] = one;
    ends[1] = other;
    return 0;
}

int sim_driver::fd_status(int fd, struct stat& status) noexcept {
    const auto [file, failure] = find(fd, "status");
    if (file == nullptr) return failure;
    file->fill(status);
    return 0;
}

int sim_driver::status_flags(int fd) noexcept {
    const auto [file, failure] = find(fd, "flags");
    return file == nullptr ? failure : file->flags();
}

int sim_driver::descriptor_flags(int fd) noexcept {
    const auto [file, failure] = find(fd, "flags");
    return file == nullptr ? failure : FD_CLOEXEC;
}

bool sim_driver::is_terminal(int fd) noexcept {
    static_cast<void>(find(fd, "use as a terminal"));
    return false;
}

int sim_driver::make_non_blocking(int fd) noexcept {
    const auto [file, failure] = find(fd, "use");
    if (file == nullptr) return failure;
    const bool was_blocking = (file->flags() & O_NONBLOCK) == 0;
    file->set_flags(file->flags() | O_NONBLOCK);
    return was_blocking ? 1 : 0;
}

void sim_driver::make_blocking(int fd) noexcept {
    const auto [file, failure] = find(fd, "use");
    if (file != nullptr) file->set_flags(file->flags() & ~O_NONBLOCK);
}

int sim_driver::duplicate(int fd) noexcept {
    const auto [file, failure] = find(fd, "duplicate");
    if (file == nullptr) return failure;
    return in_.table().add(in_.table().share(fd), file->host());
}

// What has no path, as of a socket in the kernel too.
int sim_driver::reopen(int fd) noexcept {
    const auto [file, failure] = find(fd, "reopening");
    return file == nullptr ? failure : -ENXIO;
}

int sim_driver::reopen_in_place(int fd) noexcept { return reopen(fd); }

bool sim_driver::disable(int fd) noexcept {
    if (in_.table().find(fd) == nullptr) {
        if (fd >= 0 && fd < descriptor_table::lowest) refuse(fd, "close");
        return false;
    }
    in_.table().replace(fd, in_.dead_socket());
    in_.run_due();
    return true;
}

// As poll(2), which passes over what is negative.
int sim_driver::ready_now(int fd, short events) noexcept {
    if (fd < 0) return 0;
    const sim::open_file* const file = in_.table().find(fd);
    if (file == nullptr) {
        if (fd < descriptor_table::lowest) refuse(fd, "a wait for readiness");
        return POLLNVAL;
    }
    return static_cast<int>(file->now_ready()) & (events | POLLERR | POLLHUP);
}

void sim_driver::close(int fd) noexcept { static_cast<void>(close_file(fd)); }

int sim_driver::close_file(int fd) noexcept {
    if (in_.table().find(fd) == nullptr) {
        if (fd >= 0 && fd < descriptor_table::lowest) refuse(fd, "close");
        return -EBADF;
    }
    in_.table().remove(fd);
    in_.run_due();
    return 0;
}

}  // namespace mioco::detail::sim
