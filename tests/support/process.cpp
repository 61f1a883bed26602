// SPDX-License-Identifier: MPL-2.0
#include "support/process.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "context/sanitizer.hpp"

namespace mioco_test {

captured_stderr::captured_stderr()
    : before_(dup(STDERR_FILENO)), kept_(memfd_create("stderr", MFD_CLOEXEC)) {
    std::fflush(stderr);
    if (before_ < 0 || kept_ < 0 || dup2(kept_, STDERR_FILENO) < 0) {
        throw std::runtime_error("stderr cannot be captured");
    }
}

captured_stderr::~captured_stderr() {
    std::fflush(stderr);
    dup2(before_, STDERR_FILENO);
    close(before_);
    close(kept_);
}

std::string captured_stderr::text() const {
    std::fflush(stderr);
    std::string all;
    char part[4096];
    for (;;) {
        const ssize_t count = pread(kept_, part, sizeof part, static_cast<off_t>(all.size()));
        if (count <= 0) return all;
        all.append(part, static_cast<std::size_t>(count));
    }
}

scoped_environment::scoped_environment(const char* name, const char* value)
    : name_(name), was_set_(std::getenv(name) != nullptr) {
    if (was_set_) before_ = std::getenv(name);
    if (value != nullptr) {
        setenv(name, value, 1);
    } else {
        unsetenv(name);
    }
}

scoped_environment::~scoped_environment() {
    if (was_set_) {
        setenv(name_, before_.c_str(), 1);
    } else {
        unsetenv(name_);
    }
}

void signal_process(int number) {
#if defined(MIOCO_TSAN)
    raise(number);
#else
    kill(getpid(), number);
#endif
}

std::size_t count_of(const std::string& what, const std::string& text) {
    std::size_t count = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
    return count;
}

std::string contents_of(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::size_t field_of(const std::string& path, const std::string& name) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(name + ":")) return std::stoul(line.substr(name.size() + 1));
    }
    throw std::runtime_error(path + " has no " + name);
}

pid_t thread_number() { return static_cast<pid_t>(syscall(SYS_gettid)); }

std::vector<pid_t> threads_named(const std::string& prefix) {
    std::vector<pid_t> found;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        if (contents_of(task.path() / "comm").starts_with(prefix)) {
            found.push_back(std::stoi(task.path().filename()));
        }
    }
    return found;
}

}  // namespace mioco_test
