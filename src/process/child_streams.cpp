// SPDX-License-Identifier: MPL-2.0
#include "process/child_streams.hpp"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "net/adopt.hpp"

namespace mioco::detail {

namespace {

constexpr const char* stream_names[] = {"standard input", "standard output", "standard error"};

std::string text_of(int number, const process::stream& wanted) {
    std::string text = std::string(", its ") + stream_names[number];
    if (wanted.what == process::stream::kind::descriptor)
        text += " as descriptor " + std::to_string(wanted.fd);
    return text;
}

// The child's end of a new pipe, blocking; the parent's may come from a program that keeps its writes apart.
template <class Theirs, class Ours>
int give_end(Theirs& theirs, const Ours& ours) {
    expect_parts(fd_access::of(ours));
    return theirs.release();
}

}  // namespace

int above_standard(driver& io, int fd) noexcept {
    if (fd < 0 || fd > STDERR_FILENO) return fd;
    const int above = io.duplicate(fd);
    io.close(fd);
    return above;
}

int child_streams::open(const process::options& how, std::string& what) {
    const process::stream wanted[] = {how.standard_input, how.standard_output, how.standard_error};
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
        const int failure = open_one(number, wanted[number]);
        if (failure < 0) {
            what += text_of(number, wanted[number]);
            return failure;
        }
    }
    return 0;
}

int child_streams::open_one(int number, const process::stream& wanted) {
    using kind = process::stream::kind;
    driver& io = current_driver();
    int opened = -1;
    switch (wanted.what) {
        case kind::usual:
        case kind::inherited:
            return 0;
        case kind::piped:
            opened = open_pipe(number);
            break;
        case kind::null:
            opened = io.open_file("/dev/null", O_RDWR, 0);
            break;
        case kind::output:
            if (number != STDERR_FILENO) return -EINVAL;
            opened =
                io.duplicate(theirs[STDOUT_FILENO] ? theirs[STDOUT_FILENO].get() : STDOUT_FILENO);
            break;
        case kind::descriptor:
            opened = io.duplicate(wanted.fd);
            break;
    }
    opened = above_standard(io, opened);
    if (opened < 0) return opened;
    theirs[number] = owned_fd(opened);
    return 0;
}

int child_streams::open_pipe(int number) {
    std::error_code failure;
    auto [reader, writer] = pipe({}, failure);
    if (failure) return -failure.value();
    if (number == STDIN_FILENO) {
        input = std::move(writer);
        return give_end(reader, input);
    }
    pipe_reader& ours = number == STDOUT_FILENO ? output : error;
    ours = std::move(reader);
    return give_end(writer, ours);
}

}  // namespace mioco::detail
