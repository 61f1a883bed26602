// SPDX-License-Identifier: MPL-2.0
#include <mioco/async_fd.hpp>

#include <algorithm>
#include <cerrno>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <mioco/owned_fd.hpp>

#include "io/driver.hpp"
#include "io/fd.hpp"
#include "net/adopt.hpp"
#include "net/result.hpp"

// How a descriptor comes to be used: which one is, and how its calls are kept from blocking.

namespace mioco::detail {

namespace {

struct usage {
    int fd;  // or a negative errno value
    call_mode mode;
    bool to_restore = false;  // was blocking, and is not any more
};

// Opened anew, as `fd` is others' too.
usage opened_anew(driver& io, int fd) noexcept {
    const int opened = io.reopen(fd);
    if (opened < 0) return {io.duplicate(fd), call_mode::pool_if_ready};
    return {opened, call_mode::direct};
}

// The same, under the old number.
usage replaced_anew(driver& io, int fd) noexcept {
    const int was_blocking = io.reopen_in_place(fd);
    if (was_blocking < 0) return {fd, call_mode::pool_if_ready};
    return {fd, call_mode::direct, was_blocking > 0};
}

usage made_non_blocking(driver& io, int fd, bool is_lent) noexcept {
    const int used = is_lent ? io.duplicate(fd) : fd;
    return {used, call_mode::direct, io.make_non_blocking(used) > 0};
}

usage usage_of(driver& io, int fd, bool is_lent) noexcept {
    if (!io.is_terminal(fd)) return made_non_blocking(io, fd, is_lent);
    return is_lent ? opened_anew(io, fd) : replaced_anew(io, fd);
}

// Whoever opens a named pipe without writers anew is not told of its end until one has come: so it is used as it is then.
bool is_over(driver& io, int pipe) noexcept {
    const int events = io.ready_now(pipe, POLLIN);
    return events < 0 || (events & POLLHUP) != 0;
}

usage usage_of_standard(driver& io, int number, int type) noexcept {
    if (type == S_IFREG) return {io.duplicate(number), call_mode::pool};
    if (type == S_IFSOCK) return {io.duplicate(number), call_mode::dont_wait};
    if (io.is_terminal(number)) return opened_anew(io, number);
    if (type != S_IFIFO) return {io.duplicate(number), call_mode::pool_if_ready};
    const usage use = opened_anew(io, number);
    if (use.mode != call_mode::direct || !is_over(io, number)) return use;
    io.close(use.fd);
    return {io.duplicate(number), call_mode::pool_if_ready};
}

// 0 or a negative errno value.
int count(fd_ref& made, const usage& use) noexcept {
    if (use.fd < 0) return use.fd;
    fd_object* const object = new_fd_object(use.fd);
    if (object == nullptr) return -ENOMEM;
    object->was_blocking = use.to_restore;
    object->may_be_shared = true;
    object->mode = use.mode;
    made = fd_ref(*object);
    expect_parts(made);  // a terminal's are lines
    return 0;
}

void undo(driver& io, const usage& use, bool is_lent) noexcept {
    if (use.fd < 0) return;
    if (use.to_restore) io.make_blocking(use.fd);
    if (is_lent) io.close(use.fd);
}

const char* why_it_cannot_be_waited_for(int type) noexcept {
    if (type == S_IFREG) return ", which is a regular file: use mioco::fs::file";
    if (type == S_IFBLK) return ", which is a disk: use mioco::fs::file";
    if (type == S_IFDIR) return ", which is a folder: there is nothing to wait for";
    return nullptr;
}

fd_ref use_descriptor(int fd, bool is_lent, const char* call, std::error_code* ec) {
    std::string what = call + (" of descriptor " + std::to_string(fd));
    if (refuse_foreign(fd, what, ec)) return {};
    fd_ref made;
    driver& io = current_driver();
    const int type = io.fd_type(fd);
    int failure = std::min(type, 0);
    if (failure == 0) {
        if (const char* const why = why_it_cannot_be_waited_for(type)) {
            what += why;
            failure = -EINVAL;
        } else {
            const usage use = usage_of(io, fd, is_lent);
            failure = count(made, use);
            if (failure < 0) undo(io, use, is_lent);
        }
    }
    report(failure, what, ec);
    return made;
}

}  // namespace

fd_ref async_adopt(int fd, std::error_code* ec) { return use_descriptor(fd, false, "adopt", ec); }

fd_ref async_borrow(int fd, std::error_code* ec) { return use_descriptor(fd, true, "borrow", ec); }

// What is closed on exec was not there when this process began.
fd_ref standard_stream(int number, std::error_code* ec) {
    const std::string what = "use of standard stream " + std::to_string(number);
    if (refuse_foreign(number, what, ec)) return {};
    fd_ref made;
    driver& io = current_driver();
    const int flags = io.descriptor_flags(number);
    const bool is_one = flags >= 0 && (flags & FD_CLOEXEC) == 0;
    const int type = is_one ? io.fd_type(number) : 0;
    int failure = std::min(type, 0);
    if (is_one && failure == 0) {
        const usage use = usage_of_standard(io, number, type);
        failure = count(made, use);
        if (failure < 0 && use.fd >= 0) io.close(use.fd);
    }
    report(failure, what, ec);
    return made;
}

namespace {

bool is_same_file(driver& io, int fd, int other) noexcept {
    struct stat one{};
    struct stat two{};
    return fd >= 0 && io.fd_status(fd, one) == 0 && io.fd_status(other, two) == 0 &&
           one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

}  // namespace

// By the number that is used here, as a lent one may be somebody else's by now.
void async_restore(const fd_ref& fd) noexcept {
    if (fd_native(fd) >= 0 && fd.get()->was_blocking) current_driver().make_blocking(fd_native(fd));
}

// After the close: a call that is being made must not find itself blocking. With no descriptor to spare a lent file is reached by the
// lender's own, and an adopted one is left as it is.
void async_close(const fd_ref& fd, int lent) noexcept {
    const int used = fd_native(fd);
    if (used < 0) return;
    if (!fd.get()->was_blocking) return fd_close(fd);
    driver& io = current_driver();
    const owned_fd spare(io.duplicate(used));
    const int open_file = spare.get() < 0 && is_same_file(io, lent, used) ? lent : spare.get();
    if (close_fd(*fd.get()) && open_file >= 0) io.make_blocking(open_file);
}

bool async_end_loan(fd_ref& fd, std::error_code* ec) {
    const int number = fd_release(fd, ec);
    if (number >= 0) current_driver().close(number);
    return number >= 0;
}

}  // namespace mioco::detail

namespace mioco {

async_fd standard_input() { return {detail::standard_stream(STDIN_FILENO, nullptr), -1}; }

async_fd standard_input(std::error_code& ec) {
    return {detail::standard_stream(STDIN_FILENO, &ec), -1};
}

async_fd standard_output() { return {detail::standard_stream(STDOUT_FILENO, nullptr), -1}; }

async_fd standard_output(std::error_code& ec) {
    return {detail::standard_stream(STDOUT_FILENO, &ec), -1};
}

async_fd standard_error() { return {detail::standard_stream(STDERR_FILENO, nullptr), -1}; }

async_fd standard_error(std::error_code& ec) {
    return {detail::standard_stream(STDERR_FILENO, &ec), -1};
}

}  // namespace mioco
