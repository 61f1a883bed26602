// SPDX-License-Identifier: MPL-2.0
#include <cerrno>
#include <csignal>

#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/checked.hpp"
#include "base/sys.hpp"

namespace mioco::detail::sys {

namespace {

/// What the child does before it becomes the program. The failures of its calls are positive errno values.
class child_actions {
public:
    child_actions() noexcept : failure_(posix_spawn_file_actions_init(&actions_)) {}
    ~child_actions() {
        if (is_made_) posix_spawn_file_actions_destroy(&actions_);
    }
    child_actions(const child_actions&) = delete;
    child_actions& operator=(const child_actions&) = delete;

    // The folder first, as its descriptor is among those that are closed.
    int set(const program_start& what) noexcept {
        if (what.directory >= 0)
            note(posix_spawn_file_actions_addfchdir_np(&actions_, what.directory));
        for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
            if (what.streams[number] >= 0)
                note(posix_spawn_file_actions_adddup2(&actions_, what.streams[number], number));
        }
        note(posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1));
        return failure_;
    }
    [[nodiscard]] const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

private:
    void note(int failure) noexcept {
        if (failure_ == 0) failure_ = failure;
    }

    posix_spawn_file_actions_t actions_{};
    int failure_;
    const bool is_made_ = failure_ == 0;
};

/// With what it begins: no signal blocked, as threads of a pool block all, and SIGPIPE as always, which servers ignore.
class child_attributes {
public:
    child_attributes() noexcept : failure_(posix_spawnattr_init(&attributes_)) {}
    ~child_attributes() {
        if (failure_ == 0) posix_spawnattr_destroy(&attributes_);
    }
    child_attributes(const child_attributes&) = delete;
    child_attributes& operator=(const child_attributes&) = delete;

    int set(bool has_own_group) noexcept {
        if (failure_ != 0) return failure_;
        sigset_t none;
        sigset_t defaults;
        ::sigemptyset(&none);
        ::sigemptyset(&defaults);
        ::sigaddset(&defaults, SIGPIPE);
        unsigned flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
        if (has_own_group) flags |= POSIX_SPAWN_SETPGROUP;
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &defaults);
        posix_spawnattr_setpgroup(&attributes_, 0);
        return posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
    }
    [[nodiscard]] const posix_spawnattr_t* get() const noexcept { return &attributes_; }

private:
    posix_spawnattr_t attributes_{};
    const int failure_;
};

}  // namespace

int start_program(const program_start& what) noexcept {
    child_actions actions;
    child_attributes attributes;
    if (const int failure = actions.set(what); failure != 0) return -failure;
    if (const int failure = attributes.set(what.has_own_group); failure != 0) return -failure;
    char* const* const environment = what.environment != nullptr ? what.environment : environ;
    pid_t pid = -1;
    const int failure = posix_spawnp(&pid, what.program, actions.get(), attributes.get(),
                                     what.arguments, environment);
    return failure != 0 ? -failure : pid;
}

int open_child(int pid) noexcept {
    return static_cast<int>(checked(::syscall(SYS_pidfd_open, pid, 0)));
}

int child_status(child_name child, int options, siginfo_t& ended) noexcept {
    constexpr auto by_pidfd = static_cast<idtype_t>(3);  // P_PIDFD, which not all headers have
    ended.si_pid = 0;
    const bool has_fd = child.fd >= 0;
    const int result =
        checked(::waitid(has_fd ? by_pidfd : P_PID,
                         static_cast<id_t>(has_fd ? child.fd : child.pid), &ended, options));
    return result == 0 && ended.si_pid == 0 ? -EAGAIN : result;
}

int signal_child(child_name child, int number) noexcept {
    if (child.fd < 0) return checked(::kill(child.pid, number));
    return static_cast<int>(
        checked(::syscall(SYS_pidfd_send_signal, child.fd, number, nullptr, 0)));
}

int signal_group(int leader, int number) noexcept { return checked(::kill(-leader, number)); }

}  // namespace mioco::detail::sys
