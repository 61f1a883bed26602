// SPDX-License-Identifier: MPL-2.0
#include "merge.hpp"

#include <csignal>
#include <cstdio>
#include <mutex>
#include <span>
#include <string>
#include <system_error>

#include <sys/signalfd.h>

#include "painter.hpp"

namespace colerr {

namespace {

// What both streams are written to, a part at a time. When nothing can be written any more, both are closed, so that the command gets its
// SIGPIPE, as in a shell's pipeline.
class display {
public:
    explicit display(command& shown) : shown_(shown) {}

    /// False if the output is gone.
    bool show(const std::string& text) {
        const std::scoped_lock held(writing_);
        std::error_code ec;
        if (!text.empty() && !gone_) output_.write_all(text, ec);
        if (ec) give_up(ec);
        return !gone_;
    }

private:
    void give_up(std::error_code ec) {
        gone_ = true;
        if (ec != std::errc::broken_pipe)
            std::fprintf(stderr, "colerr: standard output: %s\n", ec.message().c_str());
        shown_.output().close();
        shown_.errors().close();
    }

    command& shown_;
    mioco::async_fd output_ = mioco::standard_output();
    mioco::mutex writing_;
    bool gone_ = false;
};

// A fiber a stream: each is woken as its pipe gets something, and after a part lets the other go first.
void show_stream(mioco::pipe_reader& from, painter paint, display& on) {
    std::error_code ec;
    for (;;) {
        const auto part = from.read_lease(ec);
        if (ec || part.empty()) break;
        if (!on.show(paint.paint(part.text()))) return;
        mioco::yield();
    }
    on.show(paint.finish());
}

// Of Ctrl-C and Ctrl-\ the terminal has told the command as well, which is in the same group. That the terminal hung up the kernel
// tells the session's leader alone; that the leader has ended, the group.
bool has_reached_command(const signalfd_siginfo& got) {
    const auto number = static_cast<int>(got.ssi_signo);
    const bool is_for_group =
        number == SIGINT || number == SIGQUIT || (number == SIGHUP && getsid(0) != getpid());
    return got.ssi_code > 0 && is_for_group;
}

// False if none has come.
bool pass_one_on(mioco::async_fd& signals, const command& to) {
    signalfd_siginfo got[1];
    if (!signals.try_read(std::as_writable_bytes(std::span(got)))) return false;
    if (!has_reached_command(got[0])) to.send(static_cast<int>(got[0].ssi_signo));
    return true;
}

// Until the command's end. A process that it has left behind may hold the streams for ever, so from then on signals are for this
// process; not those that came before, like the Ctrl-C that ended the command, whose last words are to be shown.
void pass_signals_on(const command& to, const sigset_t& before) {
    auto signals = open_signals();
    auto end = mioco::spawn([&to] { to.wait_for_end(); });
    while (mioco::select(signals.readable(), end.joining()).index() == 0) pass_one_on(signals, to);
    while (pass_one_on(signals, to)) {
    }
    restore_signals(before);
}

}  // namespace

int show_until_end(command& running, bool color, const sigset_t& before) {
    display on(running);
    auto passing = mioco::spawn([&] { pass_signals_on(running, before); });
    const auto keeping = color ? painter::keeping::half_characters : painter::keeping::nothing;
    auto errors = mioco::spawn(
        [&] { show_stream(running.errors(), painter(color ? red : "", keeping), on); });
    show_stream(running.output(), painter("", keeping), on);
    errors.join();
    passing.join();
    return running.reap();
}

}  // namespace colerr
