// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <csignal>
#include <string>
#include <vector>

#include <sys/types.h>

#include <mioco/mioco.hpp>

namespace colerr {

/// What ends or tells a command, and is its own business: blocked in this thread and all that it starts from now on. Returns what was
/// blocked before.
sigset_t block_signals();
/// Takes that back, in this thread.
void restore_signals(const sigset_t& before);
/// Those, to be read from a descriptor.
mioco::async_fd open_signals();

/// A command that runs, with its output in two pipes. Its standard input is this program's own: so a command that asks whether that
/// is a terminal, or switches its echo off, finds the terminal, and no byte is taken from it that the command does not want.
class command {
public:
    /// Starts it, with these signals blocked. Throws `std::system_error`, `no_such_file_or_directory` among them.
    command(const std::vector<std::string>& words, const sigset_t& blocked);

    mioco::pipe_reader& output() { return output_; }
    mioco::pipe_reader& errors() { return errors_; }

    /// Passes a signal on. Before `reap`.
    void send(int signal) const noexcept;
    /// Waits for its end, and leaves its number taken.
    void wait_for_end() const;
    /// After its end: its status, as of waitpid(2).
    [[nodiscard]] int reap() const noexcept;

private:
    pid_t pid_ = -1;
    mioco::pipe_reader output_;
    mioco::pipe_reader errors_;
};

/// Ends this process as a process with that status has ended; returns the exit status if no signal is to end it.
int end_like(int status);

}  // namespace colerr
