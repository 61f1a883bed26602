// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// Child processes.

#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <mioco/detail/child_arm.hpp>
#include <mioco/detail/deadline.hpp>
#include <mioco/exit_status.hpp>
#include <mioco/pipe.hpp>

namespace mioco::process {

/// What one of a program's standard streams is.
struct stream {
    /// The kinds there are.
    enum class kind : std::uint8_t {
        usual,      ///< As `inherited` for `spawn`, and as `piped` for `run`.
        inherited,  ///< That of this process.
        piped,      ///< A pipe, whose other end the `child` has.
        null,       ///< `/dev/null`.
        output,     ///< What the standard output is. For the standard error alone.
        descriptor  ///< Another one of this process.
    };

    /// Which of them.
    kind what = kind::usual;
    /// The descriptor of that kind.
    int fd = -1;
};

/// The stream of this process, in whatever state it is; none if this process has none.
inline constexpr stream inherited{stream::kind::inherited, -1};
/// A new pipe, whose other end the `child` has.
inline constexpr stream piped{stream::kind::piped, -1};
/// `/dev/null`: there is nothing to read, and what is written is dropped.
inline constexpr stream null{stream::kind::null, -1};
/// As `options::standard_error`: the same as the standard output, as the shell's `2>&1`.
inline constexpr stream merged{stream::kind::output, -1};
/// A descriptor of this process, such as a file's or a socket's, which stays the caller's: it may be closed as soon as `spawn` has returned.
/// The child shares the open file as it is: programs expect one that blocks, as the `release` of a pipe or socket gives it.
[[nodiscard]] constexpr stream descriptor(int fd) noexcept {
    return {stream::kind::descriptor, fd};
}

/// How a program is started: `spawn({"sort"}, {.standard_input = process::piped, .standard_output = process::piped})`.
struct options {
    /// What the program reads from.
    stream standard_input = {};
    /// What it writes to.
    stream standard_output = {};
    /// Where it writes its complaints to.
    stream standard_error = {};
    /// The folder that it starts in; empty: that of this process. A relative path to the program is sought from there.
    std::filesystem::path directory = {};
    /// All of its environment, as texts `NAME=value`. Unset: that of this process.
    std::optional<std::vector<std::string>> environment = {};
    /// What is to be different in that: variables to set, or, without a value, to leave out.
    std::map<std::string, std::optional<std::string>> variables = {};
    /// Whether it leads a process group of its own. Then a signal from the terminal, such as by Ctrl-C, does not reach it, and
    /// `child::kill_group` reaches all that it starts.
    bool own_group = false;
};

/// A program that was started. Move-only; destroying it kills what has not ended, see there.
///
/// A child that has ended stays known to the system, as a zombie, until its status is asked for. That is done here, child by child, when
/// somebody waits for it or the object goes. Nothing is done about SIGCHLD or other children: a handler of the program's own is called as
/// ever, and may wait for the children that it knows. But who waits for any child there is, as by `waitpid(-1)`, or has the system
/// forget all children by ignoring SIGCHLD, takes the status away: then the calls here give `std::errc::no_child_process`.
///
/// Several fibers and threads may wait for one, and signal it, at once. Moving, detaching and destroying need the object alone.
/// An object without a child gives `std::errc::no_child_process` too.
class child {
public:
    /// No child.
    child() noexcept = default;
    /// Takes the other's child; the other has none then.
    child(child&& other) noexcept;
    /// Kills the own child, as the destructor does, and takes the other's.
    child& operator=(child&& other) noexcept;
    child(const child&) = delete;
    child& operator=(const child&) = delete;
    /// Kills the child with SIGKILL, if it has not ended, and waits until it has: neither a zombie nor an orphan is left, however the
    /// block is left. With `options::own_group` that goes for its group. It parks the fiber, or blocks the thread, for as long as
    /// the kernel takes, and is no cancellation point. One that this process may not kill, as it has become another user's, is detached.
    /// For one that is to live on there is `detach`. In a forked child it does nothing to the parent's.
    ~child();

    /// Where the program reads from, with `process::piped`. Closing it, or destroying what was moved out of here, is the end of its input.
    /// Without a pipe it has no descriptor. In the same way `standard_output` and `standard_error`.
    [[nodiscard]] pipe_writer& standard_input() noexcept { return input_; }
    /// What it writes.
    [[nodiscard]] pipe_reader& standard_output() noexcept { return output_; }
    /// What it complains of.
    [[nodiscard]] pipe_reader& standard_error() noexcept { return error_; }

    /// Waits until the program has ended, and tells how. Parks the fiber, or blocks the thread, until then. A program may not end before
    /// its input does, or while nobody reads what it writes: close and read the pipes first. May be called again, and
    /// tells the same. A cancellation point: the status is not lost to a cancelled call, but there for the next one.
    exit_status wait() { return wait_until_ended(detail::never, nullptr).value_or(exit_status()); }
    /// The same, with the error in `ec`; the status is `exit_status()` then.
    exit_status wait(std::error_code& ec) {
        return wait_until_ended(detail::never, &ec).value_or(exit_status());
    }
    /// The same for so long at most; nothing if it has not ended by then. It goes on.
    template <class Rep, class Period>
    std::optional<exit_status> wait_for(const std::chrono::duration<Rep, Period>& time) {
        return wait_until_ended(detail::deadline_in(time), nullptr);
    }
    /// The same, with the error in `ec`. That the time is over is none.
    template <class Rep, class Period>
    std::optional<exit_status> wait_for(const std::chrono::duration<Rep, Period>& time,
                                        std::error_code& ec) {
        return wait_until_ended(detail::deadline_in(time), &ec);
    }
    /// How it has ended; nothing while it runs. Never blocks, and is no cancellation point.
    std::optional<exit_status> try_wait() { return status_now(nullptr); }
    /// The same, with the error in `ec`.
    std::optional<exit_status> try_wait(std::error_code& ec) { return status_now(&ec); }

    class ended_arm;
    /// "The child has ended", as a case.
    struct ended_case {
        /// For `select`.
        using select_arm_type = ended_arm;
        /// Whose end.
        child* of;
    };
    /// The child's end, as a case of `select`, whose result is what `wait` returns or throws. Valid while this object stays where it is.
    [[nodiscard]] ended_case ended() noexcept { return {this}; }

    /// Sends the child a signal, such as SIGTERM. Nothing happens if it has ended: the signal reaches no other process that has its number
    /// by then. Does not block, and is no cancellation point. Errors are `std::errc::operation_not_permitted`, where it has become
    /// another user's, and `std::errc::invalid_argument` for what is no signal.
    void kill(int signal_number) { send_signal(signal_number, false, nullptr); }
    /// The same, with the error in `ec`.
    void kill(int signal_number, std::error_code& ec) { send_signal(signal_number, false, &ec); }
    /// The same to all processes of its group, which it leads by `options::own_group`; without that it is
    /// `std::errc::invalid_argument`. Nothing happens once its status was asked for, as the group's number may be another's then.
    void kill_group(int signal_number) { send_signal(signal_number, true, nullptr); }
    /// The same, with the error in `ec`.
    void kill_group(int signal_number, std::error_code& ec) {
        send_signal(signal_number, true, &ec);
    }

    /// Lets the child live on by itself. The object has none then, but keeps its ends of pipes. When it has ended, its status is asked for,
    /// and dropped, at the next `spawn` or `detach`. Does not block.
    void detach() noexcept;
    /// Whether there is a child, be it one that has ended.
    [[nodiscard]] explicit operator bool() const noexcept { return state_ != nullptr; }
    /// The system's number of the child; -1 without one. After the end that may be another process's.
    [[nodiscard]] int pid() const noexcept;

private:
    friend struct detail::child_access;
    std::optional<exit_status> wait_until_ended(detail::nanoseconds_t until, std::error_code* ec);
    std::optional<exit_status> status_now(std::error_code* ec);
    void send_signal(int number, bool to_group, std::error_code* ec);

    detail::child_state* state_ = nullptr;
    pipe_writer input_;
    pipe_reader output_;
    pipe_reader error_;
};

/// What a child becomes in a select.
class child::ended_arm : public detail::child_arm {
public:
    /// Of that case.
    explicit ended_arm(ended_case from) noexcept : child_arm(from.of->state_), of_(*from.of) {}
    /// Of the child that the object has now.
    void begin() noexcept override { begin_with(of_.state_); }
    /// How it has ended.
    exit_status take() { return status(); }

private:
    child& of_;
};

/// What a program is started with: its name first, then its arguments.
template <class R>
concept argument_range = std::ranges::input_range<R> &&
                         std::convertible_to<std::ranges::range_reference_t<R>, std::string_view>;

/// What `run` returns.
struct finished {
    /// How the program has ended.
    exit_status status;
    /// All that it has written to a standard output of its own.
    std::string output;
    /// All that it has written to a standard error of its own.
    std::string error;
};

}  // namespace mioco::process

namespace mioco::detail {

template <process::argument_range R>
std::vector<std::string> texts_of(const R& arguments) {
    std::vector<std::string> texts;
    for (const auto& each : arguments) texts.emplace_back(std::string_view(each));
    return texts;
}

process::child spawn_program(std::vector<std::string> arguments, const process::options& how,
                             std::error_code* ec);
process::finished run_program(std::vector<std::string> arguments, std::string_view input,
                              const process::options& how, std::error_code* ec);

}  // namespace mioco::detail

namespace mioco::process {

/// Starts a program: the first of the texts, with the others as its arguments. A name without a slash is sought in the PATH of this process.
/// No shell has a part in it.
///
///     auto sort = mioco::process::spawn({"sort", "-r"}, {.standard_input = mioco::process::piped});
///
/// The program has no other descriptors of this process than its three standard streams, no signal blocked, and SIGPIPE as it is by
/// default; a signal that this process ignores, else, is ignored there too.
///
/// Parks the fiber while a thread of the runtime's pool (see `offload`) starts it, or blocks the thread. A cancellation point until that
/// has begun: a cancelled call has started nothing. Throws `std::system_error`, which names the program, or the folder that it was
/// to start in: `no_such_file_or_directory`, `permission_denied`, `argument_list_too_long` and so on; nothing is left of it then. After
/// `fork`, `std::logic_error`.
template <argument_range R>
child spawn(const R& arguments, const options& how = {}) {
    return detail::spawn_program(detail::texts_of(arguments), how, nullptr);
}
/// The same, with the error in `ec` and no child returned.
template <argument_range R>
child spawn(const R& arguments, const options& how, std::error_code& ec) {
    return detail::spawn_program(detail::texts_of(arguments), how, &ec);
}
/// The same of a list in braces.
inline child spawn(std::initializer_list<std::string_view> arguments, const options& how = {}) {
    return detail::spawn_program(detail::texts_of(arguments), how, nullptr);
}
/// The same, with the error in `ec` and no child returned.
inline child spawn(std::initializer_list<std::string_view> arguments, const options& how,
                   std::error_code& ec) {
    return detail::spawn_program(detail::texts_of(arguments), how, &ec);
}

/// Starts a program as `spawn` does, writes `input` to it, reads all that it writes, at once, and waits for its end:
///
///     const auto sorted = mioco::process::run({"sort"}, lines);
///     if (!sorted.status.success()) throw std::runtime_error(sorted.error);
///
/// Standard output and error come apart; `options` may send each elsewhere, and then nothing of it is returned. A program may leave its
/// input unread. It is waited for until nobody has its pipes open any more, which others that it has started may keep open for longer.
///
/// A cancellation point: then, and when it throws, the program is killed. Throws what `spawn` throws, and `std::errc::invalid_argument` if
/// there is input, but the options have no pipe for it.
template <argument_range R>
finished run(const R& arguments, std::string_view input = {}, const options& how = {}) {
    return detail::run_program(detail::texts_of(arguments), input, how, nullptr);
}
/// The same, with the error in `ec` and nothing returned.
template <argument_range R>
finished run(const R& arguments, std::string_view input, const options& how, std::error_code& ec) {
    return detail::run_program(detail::texts_of(arguments), input, how, &ec);
}
/// The same of a list in braces.
inline finished run(std::initializer_list<std::string_view> arguments, std::string_view input = {},
                    const options& how = {}) {
    return detail::run_program(detail::texts_of(arguments), input, how, nullptr);
}
/// The same, with the error in `ec` and nothing returned.
inline finished run(std::initializer_list<std::string_view> arguments, std::string_view input,
                    const options& how, std::error_code& ec) {
    return detail::run_program(detail::texts_of(arguments), input, how, &ec);
}

}  // namespace mioco::process
