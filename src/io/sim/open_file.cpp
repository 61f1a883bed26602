// SPDX-License-Identifier: MPL-2.0
#include "io/sim/open_file.hpp"

#include <sys/epoll.h>

#include "io/sim/sim_poller.hpp"
#include "io/sim/world.hpp"

namespace mioco::detail::sim {

open_file::open_file(world& in, host_id host, kind what, int flags)
    : in_(in), what_(what), host_(host), id_(in.add_file(*this)), flags_(flags) {}

open_file::~open_file() {
    while (!watchers_.empty()) watchers_.back()->by->forget(*watchers_.back());
    in_.remove_file(*this);
}

void open_file::fill(struct stat& status) const {
    status = {};
    status.st_dev = host_ + 1;
    status.st_ino = id_;
    status.st_nlink = 1;
    status.st_blksize = 4096;
}

void open_file::news() {
    for (watched* const each : watchers_) each->by->queue(*each);
    in_.whose().changed();
}

// Everything, so that whoever waits tries again, and learns that it fails.
std::uint32_t open_file::now_ready() const noexcept {
    return crashed_ ? EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP : ready();
}

void open_file::crash() {
    if (std::exchange(crashed_, true)) return;
    vanish();
    news();
}

void open_file::note(act what, std::int64_t count) { in_.note(host_, what, id_, count); }

void file_ref::reset() noexcept {
    const std::shared_ptr<open_file> last = std::move(file_);
    if (!last || --last->users_ > 0) return;
    last->note(act::close, 0);
    if (last->crashed_) {
        last->drop_contents();
    } else {
        last->last_close();
    }
}

}  // namespace mioco::detail::sim
