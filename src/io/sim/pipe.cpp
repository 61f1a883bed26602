// SPDX-License-Identifier: MPL-2.0
#include "io/sim/pipe.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/epoll.h>

#include "io/sim/world.hpp"

namespace mioco::detail::sim {

int pipe_buffer::set_capacity(std::size_t bytes) noexcept {
    constexpr std::size_t most_unprivileged = std::size_t{1} << 20;
    if (bytes > std::size_t{1} << 31) return -EINVAL;
    std::size_t wanted = page;
    while (wanted < bytes) wanted *= 2;
    if (wanted > most_unprivileged && wanted > capacity()) return -EPERM;
    if (pages_.size() > wanted / page) return -EBUSY;
    most_pages_ = wanted / page;
    return static_cast<int>(wanted);
}

std::size_t pipe_buffer::put(part_cursor& from, std::size_t size) {
    std::size_t done = 0;
    // What is left over of whole pages goes behind what is there, if all of it fits.
    const std::size_t odd = size % page;
    if (odd > 0 && !pages_.empty() && pages_.back().bytes.size() + odd <= page)
        done = from.take(pages_.back().bytes, odd);
    while (done < size && !is_full()) {
        one_page next;
        done += from.take(next.bytes, std::min(page, size - done));
        pages_.push(std::move(next));
    }
    return done;
}

std::size_t pipe_buffer::take(part_cursor& into, std::size_t most) {
    std::size_t done = 0;
    for (const one_page& each : pages_) {
        if (done == most) break;
        const std::size_t size = std::min(most - done, each.bytes.size() - each.taken);
        done += into.put(std::span(each.bytes).subspan(each.taken, size));
    }
    drop(done);
    return done;
}

std::vector<iovec> pipe_buffer::parts() const {
    std::vector<iovec> all;
    for (const one_page& each : pages_) {
        all.push_back({const_cast<std::byte*>(each.bytes.data()) + each.taken,
                       each.bytes.size() - each.taken});
    }
    return all;
}

void pipe_buffer::drop(std::size_t count) {
    while (count > 0) {
        one_page& first = pages_.front();
        const std::size_t size = std::min(count, first.bytes.size() - first.taken);
        first.taken += size;
        count -= size;
        if (first.taken == first.bytes.size()) pages_.pop();
    }
}

pipe_file::pipe_file(world& in, host_id host, bool writes, std::shared_ptr<shared_state> between)
    : open_file(in, host, kind::pipe, (writes ? O_WRONLY : O_RDONLY) | O_NONBLOCK),
      writes_(writes),
      between_(std::move(between)) {
    own_place() = this;
}

pipe_file::~pipe_file() {
    if (own_place() == this) own_place() = nullptr;
}

void pipe_file::changed() {
    for (pipe_file* const each : {between_->reader, between_->writer}) {
        if (each != nullptr) each->news();
    }
}

void pipe_file::fill(struct stat& status) const {
    open_file::fill(status);
    status.st_mode = S_IFIFO | 0600;
}

std::uint32_t pipe_file::ready() const noexcept {
    std::uint32_t ready = 0;
    if (writes_) {
        if (!buffer().is_full()) ready |= EPOLLOUT;
        if (is_broken()) ready |= EPOLLERR;
    } else {
        if (!buffer().empty()) ready |= EPOLLIN;
        if (!has_writer()) ready |= EPOLLHUP;
    }
    return ready;
}

ssize_t pipe_file::read(part_cursor& into, std::size_t most) {
    if (writes_) return -EBADF;
    if (most == 0) return 0;
    if (buffer().empty()) return has_writer() ? -EAGAIN : 0;
    const std::size_t count = buffer().take(into, most);
    changed();
    return static_cast<ssize_t>(count);
}

ssize_t pipe_file::write(part_cursor& from, std::size_t most) {
    if (!writes_) return -EBADF;
    if (most == 0) return 0;
    if (is_broken()) return -EPIPE;
    const std::size_t count = buffer().put(from, most);
    if (count == 0) return -EAGAIN;
    changed();
    return static_cast<ssize_t>(count);
}

void pipe_file::vanish() {
    own_place() = nullptr;
    if (is_broken() && !has_writer()) buffer().clear();
    changed();
}

}  // namespace mioco::detail::sim
