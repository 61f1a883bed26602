// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <sys/types.h>

namespace mioco_test {

/// While it lives what the process writes to stderr is kept instead of shown.
class captured_stderr {
public:
    captured_stderr();
    ~captured_stderr();
    captured_stderr(const captured_stderr&) = delete;
    captured_stderr& operator=(const captured_stderr&) = delete;

    /// All that was written so far.
    [[nodiscard]] std::string text() const;

private:
    int before_;
    int kept_;
};

/// Sets an environment variable, or unsets it (null), and puts the former value back.
class scoped_environment {
public:
    scoped_environment(const char* name, const char* value);
    ~scoped_environment();
    scoped_environment(const scoped_environment&) = delete;
    scoped_environment& operator=(const scoped_environment&) = delete;

private:
    const char* name_;
    bool was_set_;
    std::string before_;
};

/// Sends a signal to this process, which any thread may take. Under ThreadSanitizer to the calling thread alone: one that comes
/// while a fiber is about to park is kept there until that fiber goes on, which may be never.
void signal_process(int number);

std::size_t count_of(const std::string& what, const std::string& text);

/// A whole file of /proc.
std::string contents_of(const std::string& path);

/// The value of a line such as "MemAvailable:   22222 kB", in the file's own unit.
std::size_t field_of(const std::string& path, const std::string& name);

/// The calling thread, by the kernel's number. std::this_thread::get_id may be kept across a switch.
pid_t thread_number();

/// The threads of this process whose name begins so.
std::vector<pid_t> threads_named(const std::string& prefix);

}  // namespace mioco_test
