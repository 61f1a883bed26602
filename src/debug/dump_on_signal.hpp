// SPDX-License-Identifier: MPL-2.0
#pragma once

namespace mioco::detail {

/// While any lives for a signal, that signal has a dump of everything written to stderr, by a thread that does nothing else: a handler may
/// not do it, and a worker might never come to it.
class dump_signal {
public:
    /// Throws std::invalid_argument if the signal cannot be handled, std::system_error if there is no thread left.
    explicit dump_signal(int number);
    ~dump_signal();
    dump_signal(const dump_signal&) = delete;
    dump_signal& operator=(const dump_signal&) = delete;

private:
    const int number_;
};

}  // namespace mioco::detail
