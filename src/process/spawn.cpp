// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <exception>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>

#include <mioco/owned_fd.hpp>
#include <mioco/process.hpp>

#include "io/fd.hpp"
#include "net/result.hpp"
#include "offload/blocking_call.hpp"
#include "process/child_state.hpp"
#include "process/child_streams.hpp"
#include "process/environment.hpp"
#include "runtime/fork_guard.hpp"

namespace mioco::detail {

struct child_access {
    static process::child make(child_state& state, child_streams& streams) noexcept {
        process::child made;
        made.state_ = &state;
        made.input_ = std::move(streams.input);
        made.output_ = std::move(streams.output);
        made.error_ = std::move(streams.error);
        return made;
    }
};

namespace {

std::string up_to_zero(const std::string& text) { return text.substr(0, text.find('\0')); }

bool has_zero(const std::string& text) noexcept { return text.find('\0') != std::string::npos; }

// What cannot be told to a program, for the text of an error; null if all can.
const char* what_is_wrong(const std::vector<std::string>& arguments, const process::options& how) {
    if (arguments.empty()) return " without a name";
    if (std::ranges::any_of(arguments, has_zero)) return ", with an argument that has a zero in it";
    if (has_zero(how.directory.native())) return ", in a folder whose name has a zero in it";
    if (how.environment && std::ranges::any_of(*how.environment, has_zero))
        return ", with an environment that has a zero in it";
    for (const auto& [name, value] : how.variables) {
        if (!is_variable_name(name)) return ", with a variable that has no name, or a = in it";
        if (has_zero(name) || (value && has_zero(*value)))
            return ", with a variable that has a zero in it";
    }
    return nullptr;
}

std::string why_not_started(int failure, const std::string& program) {
    const bool is_sought = program.find('/') == std::string::npos;
    switch (-failure) {
        case ENOENT:
            return is_sought ? ", which is not in PATH" : ", or of the interpreter that it names";
        case EACCES:
            return ", which may not be executed";
        case ENOEXEC:
            return ", which is no program";
        case EAGAIN:
            return ", as there are too many processes: raise ulimit -u";
        default:
            return "";
    }
}

/// One spawn, step by step. Each returns 0, or a negative errno value; then `what` tells what it is about.
class spawning {
public:
    spawning(std::vector<std::string> arguments, const process::options& how)
        : arguments_(std::move(arguments)), how_(how) {
        what_ += arguments_.empty() ? "a program" : '"' + up_to_zero(arguments_.front()) + '"';
    }

    int run() {
        int failure = check();
        if (failure == 0) failure = prepare();
        if (failure == 0) failure = start();
        if (failure < 0) return failure;
        failure = set_end();
        if (failure == 0) return 0;
        kill();
        what_ += ", for whose end nobody could wait";
        return failure;
    }

    [[nodiscard]] const std::string& what() const noexcept { return what_; }
    process::child take() noexcept { return child_access::make(*state_.release(), streams_); }

private:
    int check() {
        const char* why = what_is_wrong(arguments_, how_);
        if (why == nullptr && !io_.is_repeatable()) return 0;
        if (why != nullptr) return what_ += why, -EINVAL;
        what_ += " in a simulation: what a program does would be another thing in the next run";
        return -EOPNOTSUPP;
    }

    int prepare() {
        watch_for_fork();
        settle_left_children();
        state_->has_pidfd = io_.has_child_descriptors();
        state_->leads_group = how_.own_group;
        if (const int failure = streams_.open(how_, what_); failure < 0) return failure;
        if (state_->has_pidfd) return 0;
        const int event = io_.open_event();
        if (event >= 0) end_ = owned_fd(event);
        return std::min(event, 0);
    }

    int start() {
        const bool is_own = !how_.environment && how_.variables.empty();
        std::vector<std::string> variables;
        if (!is_own) variables = environment_of(how_);
        const std::vector<char*> arguments = pointers_to(arguments_);
        const std::vector<char*> environment = pointers_to(variables);
        // Its dot: that takes the right to be in the folder, as changing to it does, and none to read it.
        const std::string folder = how_.directory.empty() ? "" : how_.directory.native() + "/.";
        program_start wanted{arguments_.front().c_str(),
                             arguments.data(),
                             is_own ? nullptr : environment.data(),
                             -1,
                             {},
                             how_.own_group};
        for (int number = 0; number < 3; ++number)
            wanted.streams[number] = streams_.theirs[number].get();
        const auto result =
            static_cast<int>(blocking_call(offloading::may_be_cancelled, [&]() noexcept -> ssize_t {
                return start_here(wanted, folder);
            }));
        for (owned_fd& each : streams_.theirs) each.reset();
        state_->pid = result;
        if (result >= 0) return 0;
        what_ += is_folders_fault_ ? ", which was to start in \"" + how_.directory.native() + "\""
                                   : why_not_started(result, arguments_.front());
        return result;
    }

    // On a thread that may block: the child's number.
    int start_here(program_start& wanted, const std::string& folder) noexcept {
        if (!folder.empty()) {
            const int opened = io_.open_file(folder.c_str(), O_PATH | O_DIRECTORY, 0);
            wanted.directory = above_standard(io_, opened);
            is_folders_fault_ = wanted.directory < 0;
            if (is_folders_fault_) return wanted.directory;
        }
        const int pid = io_.start_program(wanted);
        if (wanted.directory >= 0) io_.close(wanted.directory);
        if (pid >= 0 && state_->has_pidfd) pidfd_ = io_.open_child(pid);
        return pid;
    }

    // A child that is not there any more has been waited for by others.
    int set_end() {
        if (state_->has_pidfd) {
            if (pidfd_ == -ESRCH) return state_->set_lost(), 0;
            if (pidfd_ < 0) return pidfd_;
            end_ = owned_fd(pidfd_);
        }
        fd_object* const object = new_fd_object(end_.get());
        if (object == nullptr) return -ENOMEM;
        static_cast<void>(end_.release());
        state_->end = fd_ref(*object);
        if (state_->has_pidfd) return 0;
        try {
            state_->start_watcher();
        } catch (const std::exception&) {  // no thread, or no memory for one
            return -EAGAIN;
        }
        return 0;
    }

    // Nobody could wait for it as it should be.
    void kill() noexcept {
        const child_name child{state_->pid, -1};
        static_cast<void>(io_.signal_child(child, SIGKILL));
        static_cast<void>(blocking_call(offloading::is_certain, [&]() noexcept -> ssize_t {
            siginfo_t ended{};
            int result = -EINTR;
            while (result == -EINTR) result = io_.child_status(child, WEXITED, ended);
            return result;
        }));
    }

    driver& io_ = current_driver();
    std::vector<std::string> arguments_;
    const process::options& how_;
    std::string what_ = "spawn of ";
    std::unique_ptr<child_state> state_ = std::make_unique<child_state>();
    child_streams streams_;
    owned_fd end_;  // of the state's, until it has it
    int pidfd_ = -1;
    bool is_folders_fault_ = false;
};

}  // namespace

process::child spawn_program(std::vector<std::string> arguments, const process::options& how,
                             std::error_code* ec) {
    refuse_after_fork("a child process");
    spawning one(std::move(arguments), how);
    const int failure = one.run();
    report(failure, one.what(), ec);
    return failure < 0 ? process::child() : one.take();
}

}  // namespace mioco::detail
