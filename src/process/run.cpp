// SPDX-License-Identifier: MPL-2.0
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <mioco/error.hpp>
#include <mioco/process.hpp>
#include <mioco/select.hpp>

#include "net/result.hpp"

// A program from its start to its end. Its three pipes are served as each is ready, by the caller alone: who wrote all of the input first
// would wait for a program that waits for somebody to read.

namespace mioco::detail {

namespace {

using process::stream;

stream or_piped(stream wanted) noexcept {
    return wanted.what == stream::kind::usual ? process::piped : wanted;
}

process::options for_run(process::options how, std::string_view input) {
    if (input.empty() && how.standard_input.what == stream::kind::usual)
        how.standard_input = process::null;
    how.standard_input = or_piped(how.standard_input);
    how.standard_output = or_piped(how.standard_output);
    how.standard_error = or_piped(how.standard_error);
    return how;
}

// What a program leaves unread is its own matter.
void feed(pipe_writer& to, std::string_view& input) {
    std::error_code ec;
    const std::size_t count = to.try_write(input, ec).value_or(0);
    if (ec && ec != std::errc::broken_pipe)
        throw std::system_error(ec, "mioco: write to a child process");
    input.remove_prefix(count);
    if (ec || input.empty()) to.close();
}

void drain(pipe_reader& from, std::string& into) {
    const auto part = from.read_lease();
    into += part.text();
    if (part.empty()) from.close();
}

void exchange(process::child& with, std::string_view input, process::finished& result) {
    pipe_writer& in = with.standard_input();
    pipe_reader& out = with.standard_output();
    pipe_reader& error = with.standard_error();
    if (input.empty()) in.close();
    while (in.is_open() || out.is_open() || error.is_open()) {
        const auto ready =
            select(when(in.is_open(), in.writable()), when(out.is_open(), out.readable()),
                   when(error.is_open(), error.readable()));
        if (ready.index() == 0) {
            feed(in, input);
        } else if (ready.index() == 1) {
            drain(out, result.output);
        } else {
            drain(error, result.error);
        }
    }
}

process::finished run_to_end(std::vector<std::string> arguments, std::string_view input,
                             const process::options& how) {
    const process::options wanted = for_run(how, input);
    if (!input.empty() && wanted.standard_input.what != stream::kind::piped)
        report(-EINVAL, "run of a program with input, but no pipe for it", nullptr);
    const std::string program = arguments.empty() ? std::string() : arguments.front();
    process::finished result;
    process::child running = spawn_program(std::move(arguments), wanted, nullptr);
    try {
        exchange(running, input, result);
        result.status = running.wait();
    } catch (const std::system_error& e) {
        // Of its parts, such as a select, the caller knows nothing.
        if (e.code() != std::errc::timed_out) throw;
        throw_failure(deadline_failure, "run of \"" + program + '"');
    }
    return result;
}

}  // namespace

process::finished run_program(std::vector<std::string> arguments, std::string_view input,
                              const process::options& how, std::error_code* ec) {
    if (ec == nullptr) return run_to_end(std::move(arguments), input, how);
    ec->clear();
    try {
        return run_to_end(std::move(arguments), input, how);
    } catch (const std::system_error& e) {
        *ec = e.code();
    } catch (const fiber_cancelled&) {
        *ec = std::make_error_code(std::errc::operation_canceled);
    }
    return {};
}

}  // namespace mioco::detail
