// SPDX-License-Identifier: MPL-2.0
#include "command.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <spawn.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace colerr {

namespace {

sigset_t passed_on() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int each : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM})
        sigaddset(&signals, each);
    return signals;
}

// How a command is started: freed with the object.
class start_plan {
public:
    start_plan(int output, int errors, const sigset_t& blocked) {
        posix_spawn_file_actions_init(&files_);
        posix_spawn_file_actions_adddup2(&files_, output, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&files_, errors, STDERR_FILENO);
        posix_spawnattr_init(&attributes_);
        posix_spawnattr_setsigmask(&attributes_, &blocked);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
    }
    ~start_plan() {
        posix_spawn_file_actions_destroy(&files_);
        posix_spawnattr_destroy(&attributes_);
    }
    start_plan(const start_plan&) = delete;
    start_plan& operator=(const start_plan&) = delete;

    /// 0 or an errno value.
    int start(pid_t& pid, const std::vector<std::string>& words) const {
        std::vector<char*> arguments;
        for (const std::string& each : words) arguments.push_back(const_cast<char*>(each.c_str()));
        arguments.push_back(nullptr);
        return posix_spawnp(&pid, arguments[0], &files_, &attributes_, arguments.data(), environ);
    }

private:
    posix_spawn_file_actions_t files_;
    posix_spawnattr_t attributes_;
};

// A script without a first line that says so is the shell's.
std::vector<std::string> through_shell(const std::vector<std::string>& words) {
    std::vector<std::string> all{"/bin/sh", "-c", R"(exec "$0" "$@")"};
    all.insert(all.end(), words.begin(), words.end());
    return all;
}

// The command's end is a blocking one, as programs expect.
std::pair<mioco::pipe_reader, mioco::owned_fd> new_pipe() {
    auto [reader, writer] = mioco::pipe();
    return {std::move(reader), mioco::owned_fd(writer.release())};
}

}  // namespace

sigset_t block_signals() {
    const sigset_t signals = passed_on();
    sigset_t before;
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    return before;
}

void restore_signals(const sigset_t& before) { pthread_sigmask(SIG_SETMASK, &before, nullptr); }

mioco::async_fd open_signals() {
    const sigset_t signals = passed_on();
    return mioco::async_fd::adopt(signalfd(-1, &signals, SFD_CLOEXEC));
}

command::command(const std::vector<std::string>& words, const sigset_t& blocked) {
    std::signal(SIGCHLD, SIG_DFL);  // where it is ignored, as by some parents, there is no status
    auto [output, output_end] = new_pipe();
    auto [errors, errors_end] = new_pipe();
    const start_plan plan(output_end.get(), errors_end.get(), blocked);
    int failure = plan.start(pid_, words);
    if (failure == ENOEXEC) failure = plan.start(pid_, through_shell(words));
    if (failure != 0) throw std::system_error(failure, std::system_category(), words[0]);
    output_ = std::move(output);
    errors_ = std::move(errors);
}

void command::send(int signal) const noexcept { kill(pid_, signal); }

void command::wait_for_end() const {
    mioco::offload([this] {
        siginfo_t ended;
        while (waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOWAIT) < 0 &&
               errno == EINTR) {
        }
    });
}

int command::reap() const noexcept {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

int end_like(int status) {
    if (!WIFSIGNALED(status)) return WEXITSTATUS(status);
    const int number = WTERMSIG(status);
    const rlimit none{};
    setrlimit(RLIMIT_CORE, &none);  // the command has written its own
    std::signal(number, SIG_DFL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, number);
    pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
    std::raise(number);
    constexpr int by_signal = 128;
    return by_signal + number;
}

}  // namespace colerr
