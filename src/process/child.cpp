// SPDX-License-Identifier: MPL-2.0
#include <mioco/process.hpp>

#include <cerrno>
#include <string>

#include "net/result.hpp"
#include "process/child_state.hpp"

namespace mioco::detail {

namespace {

const fd_ref no_end;

const fd_ref& end_of(const child_state* state) noexcept {
    return state == nullptr ? no_end : state->end;
}

// Of what an error speaks: "wait for child process 7".
std::string call_on(const char* call, const child_state* state) {
    if (state == nullptr) return std::string(call) + " no child process";
    return std::string(call) + " child process " + std::to_string(state->pid);
}

// 0 and -EAGAIN are none.
void report_status(int result, const child_state* state, std::error_code* ec) {
    if (result == 0 || result == -EAGAIN) {
        if (ec != nullptr) ec->clear();
        return;
    }
    std::string what = call_on("wait for", state);
    if (state != nullptr && result == -ECHILD) {
        what +=
            ", whose status was lost: other code of this process has waited for it, or SIGCHLD is "
            "ignored";
    }
    report(result, what, ec);
}

}  // namespace

child_arm::child_arm(child_state* state) noexcept
    : io_arm(end_of(state), io_ways::reading), state_(state) {}

void child_arm::begin_with(child_state* state) noexcept {
    state_ = state;
    set_descriptor(end_of(state));
    io_arm::begin();
}

// Of one that a debugger looks at the status comes a moment later than the event.
bool child_arm::try_take() {
    return io_arm::try_take() && (state_ == nullptr || state_->settle() != -EAGAIN);
}

process::exit_status child_arm::status() const {
    report_status(state_ == nullptr ? -ECHILD : state_->settle(), state_, nullptr);
    return state_->status();
}

}  // namespace mioco::detail

namespace mioco::process {

child::child(child&& other) noexcept
    : state_(std::exchange(other.state_, nullptr)),
      input_(std::move(other.input_)),
      output_(std::move(other.output_)),
      error_(std::move(other.error_)) {}

child& child::operator=(child&& other) noexcept {
    if (this == &other) return *this;
    detail::child_state* const before = std::exchange(state_, std::exchange(other.state_, nullptr));
    input_ = std::move(other.input_);
    output_ = std::move(other.output_);
    error_ = std::move(other.error_);
    if (before != nullptr) detail::end_child(*before);
    return *this;
}

child::~child() {
    if (state_ != nullptr) detail::end_child(*state_);
}

std::optional<exit_status> child::wait_until_ended(detail::nanoseconds_t until,
                                                   std::error_code* ec) {
    const int result = state_ == nullptr ? -ECHILD : state_->wait(until);
    detail::report_status(result, state_, ec);
    return result == 0 ? std::optional(state_->status()) : std::nullopt;
}

std::optional<exit_status> child::status_now(std::error_code* ec) {
    if (detail::fiber* const self = detail::current_fiber()) detail::spend(*self);
    const int result = state_ == nullptr ? -ECHILD : state_->settle();
    detail::report_status(result, state_, ec);
    return result == 0 ? std::optional(state_->status()) : std::nullopt;
}

void child::send_signal(int number, bool to_group, std::error_code* ec) {
    const int result = state_ == nullptr ? -ECHILD : state_->send_signal(number, to_group);
    std::string what;
    if (result < 0) {
        what = detail::call_on(to_group ? "kill the group of" : "kill", state_);
        if (result == -EINVAL) {
            what += to_group && !state_->leads_group ? ", which has none of its own"
                                                     : ": signal " + std::to_string(number);
        }
    }
    detail::report(result, what, ec);
}

void child::detach() noexcept {
    if (state_ != nullptr) detail::leave_child(*std::exchange(state_, nullptr));
}

int child::pid() const noexcept { return state_ == nullptr ? -1 : state_->pid; }

}  // namespace mioco::process
