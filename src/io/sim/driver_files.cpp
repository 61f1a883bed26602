// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include <fcntl.h>
#include <unistd.h>

#include "io/sim/open_directory.hpp"
#include "io/sim/pipe.hpp"
#include "io/sim/regular_file.hpp"
#include "io/sim/sim_driver.hpp"

// The calls of pipes and files, and of what both are moved between.

namespace mioco::detail::sim {

namespace {

constexpr std::size_t most_moved = 65'536;

bool may_be_spliced_from(const open_file& file) noexcept {
    return file.what() != open_file::kind::socket ||
           static_cast<const socket_base&>(file).type() == SOCK_STREAM;
}

const std::shared_ptr<inode>& node_of(const open_file& file) noexcept {
    return file.what() == open_file::kind::regular
               ? static_cast<const regular_file&>(file).node()
               : static_cast<const open_directory&>(file).node();
}

bool is_appended_to(const open_file& file) noexcept {
    return file.what() == open_file::kind::regular && (file.flags() & O_APPEND) != 0;
}

}  // namespace

ssize_t sim_driver::read_parts(int fd, std::span<const iovec> into, const char* call) noexcept {
    const auto [from, failure] = find(fd, call);
    if (from == nullptr) return failure;
    const bool is_file = from->what() == sim::open_file::kind::regular;
    if (const int disturbed = disturb(*from); disturbed < 0) return disturbed;
    part_cursor parts(into);
    const std::size_t most = is_file ? parts.left() : shortened(*from, way::in, parts.left());
    return done(*from, act::read, from->read(parts, most));
}

ssize_t sim_driver::write_parts(int fd, std::span<const iovec> from, const char* call) noexcept {
    const auto [to, failure] = find(fd, call);
    if (to == nullptr) return failure;
    const bool is_file = to->what() == sim::open_file::kind::regular;
    if (const int disturbed = disturb(*to); disturbed < 0) return disturbed;
    part_cursor parts(from);
    std::size_t most = parts.left();
    // A pipe takes a page at once or not at all.
    const bool is_whole =
        is_file || (to->what() == sim::open_file::kind::pipe && most <= pipe_buffer::page);
    if (!is_whole) most = shortened(*to, way::out, most);
    return done(*to, act::write, to->write(parts, most));
}

ssize_t sim_driver::read(std::span<std::byte> into, int fd) noexcept {
    const iovec part{into.data(), into.size()};
    return read_parts(fd, {&part, 1}, "read");
}

ssize_t sim_driver::write(std::span<const std::byte> from, int fd) noexcept {
    const iovec part{const_cast<std::byte*>(from.data()), from.size()};
    return write_parts(fd, {&part, 1}, "write");
}

ssize_t sim_driver::read_into(int fd, std::span<const iovec> into) noexcept {
    return read_parts(fd, into, "read");
}

ssize_t sim_driver::write_from(int fd, std::span<const iovec> from) noexcept {
    return write_parts(fd, from, "write");
}

sim_driver::found<regular_file> sim_driver::find_regular(int fd, const char* call) noexcept {
    const auto [file, failure] = find(fd, call);
    if (file == nullptr) return {nullptr, failure};
    if (file->what() != sim::open_file::kind::regular) return {nullptr, -EINVAL};
    return {static_cast<regular_file*>(file), 0};
}

int sim_driver::open_pipe(int (&ends)[2]) noexcept {
    const host_id host = in_.current_host();
    const auto between = std::make_shared<pipe_file::shared_state>(in_.wanted().pipe_bytes);
    return add_pair(std::make_shared<pipe_file>(in_, host, false, between),
                    std::make_shared<pipe_file>(in_, host, true, between), ends);
}

int sim_driver::pipe_capacity(int fd) noexcept {
    const auto [pipe, failure] = find_pipe(fd, "the capacity");
    return pipe == nullptr ? failure : static_cast<int>(pipe->buffer().capacity());
}

int sim_driver::set_pipe_capacity(int fd, int bytes) noexcept {
    const auto [pipe, failure] = find_pipe(fd, "the capacity");
    if (pipe == nullptr) return failure;
    if (bytes < 0) return -EINVAL;
    const int result = pipe->buffer().set_capacity(static_cast<std::size_t>(bytes));
    pipe->changed();
    return result;
}

ssize_t sim_driver::splice(int from, int to, std::size_t most) noexcept {
    const auto [source, failure] = find(from, "splice");
    if (source == nullptr) return failure;
    const auto [target, other_failure] = find(to, "splice");
    if (target == nullptr) return other_failure;
    if (const int disturbed = disturb(*source); disturbed < 0) {
        target->news();
        return disturbed;
    }
    most = std::min(most, most_moved);
    if (source->what() == sim::open_file::kind::pipe)
        return done(*source, act::splice,
                    splice_from_pipe(static_cast<pipe_file&>(*source), *target, most));
    if (target->what() == sim::open_file::kind::pipe)
        return done(*source, act::splice,
                    splice_to_pipe(*source, static_cast<pipe_file&>(*target), most));
    return -EINVAL;
}

ssize_t sim_driver::splice_from_pipe(pipe_file& from, sim::open_file& to,
                                     std::size_t most) noexcept {
    if (from.writes()) return -EBADF;
    if (to.what() == sim::open_file::kind::pipe) {
        auto& other = static_cast<pipe_file&>(to);
        if (!other.writes()) return -EBADF;
        if (&other.buffer() == &from.buffer()) return -EINVAL;
        if (other.is_broken()) return -EPIPE;
    }
    if (is_appended_to(to)) return -EINVAL;
    if (from.buffer().empty()) return from.has_writer() ? -EAGAIN : 0;
    const std::vector<iovec> held = from.buffer().parts();
    part_cursor parts(held);
    const ssize_t count = to.write(parts, std::min(most, parts.left()));
    if (count <= 0) return count;
    from.buffer().drop(static_cast<std::size_t>(count));
    from.changed();
    return count;
}

ssize_t sim_driver::splice_to_pipe(sim::open_file& from, pipe_file& to, std::size_t most) noexcept {
    if (!to.writes()) return -EBADF;
    if (!may_be_spliced_from(from)) return -EINVAL;
    if (to.is_broken()) return -EPIPE;
    const std::size_t room = std::min(most, to.buffer().free_bytes());
    if (room == 0) return -EAGAIN;
    std::vector<std::byte> bytes(room);
    const iovec whole{bytes.data(), bytes.size()};
    part_cursor into({&whole, 1});
    const ssize_t count = from.read(into, room);
    if (count <= 0) return count;
    const iovec read{bytes.data(), static_cast<std::size_t>(count)};
    part_cursor parts({&read, 1});
    to.buffer().put(parts, read.iov_len);
    to.changed();
    return count;
}

ssize_t sim_driver::read_file(int fd, std::span<std::byte> into, std::int64_t offset) noexcept {
    const iovec part{into.data(), into.size()};
    return read_file_into(fd, {&part, 1}, offset);
}

ssize_t sim_driver::write_file(int fd, std::span<const std::byte> from,
                               std::int64_t offset) noexcept {
    const iovec part{const_cast<std::byte*>(from.data()), from.size()};
    return write_file_from(fd, {&part, 1}, offset);
}

ssize_t sim_driver::read_file_into(int fd, std::span<const iovec> into,
                                   std::int64_t offset) noexcept {
    if (into.size() > IOV_MAX) return -EINVAL;
    if (offset == here) return read_into(fd, into);
    const auto [from, failure] = find(fd, "read");
    if (from == nullptr) return failure;
    if (from->what() != sim::open_file::kind::regular) return -ESPIPE;
    part_cursor parts(into);
    const auto& file = static_cast<regular_file&>(*from);
    return done(file, act::read,
                file.read_at(parts, parts.left(), static_cast<std::uint64_t>(offset)));
}

ssize_t sim_driver::write_file_from(int fd, std::span<const iovec> from,
                                    std::int64_t offset) noexcept {
    if (from.size() > IOV_MAX) return -EINVAL;
    if (offset == here) return write_from(fd, from);
    const auto [to, failure] = find(fd, "write");
    if (to == nullptr) return failure;
    if (to->what() != sim::open_file::kind::regular) return -ESPIPE;
    part_cursor parts(from);
    auto& file = static_cast<regular_file&>(*to);
    return done(file, act::write,
                file.write_at(parts, parts.left(), static_cast<std::uint64_t>(offset)));
}

ssize_t sim_driver::send_file(int file, int to, std::size_t most) noexcept {
    const auto [source, failure] = find(file, "send");
    if (source == nullptr) return failure;
    const auto [target, other_failure] = find(to, "send");
    if (target == nullptr) return other_failure;
    if (source->what() != sim::open_file::kind::regular || is_appended_to(*target)) return -EINVAL;
    if (const int disturbed = disturb(*target); disturbed < 0) return disturbed;
    auto& from = static_cast<regular_file&>(*source);
    std::vector<std::byte> bytes(std::min({most, most_moved, from.size()}));
    const iovec whole{bytes.data(), bytes.size()};
    part_cursor into({&whole, 1});
    const ssize_t size = from.read_at(into, bytes.size(), from.position());
    if (size <= 0) return size;
    const iovec read{bytes.data(), static_cast<std::size_t>(size)};
    part_cursor parts({&read, 1});
    const ssize_t count = target->write(parts, read.iov_len);
    if (count > 0) from.set_position(from.position() + static_cast<std::uint64_t>(count));
    return done(from, act::splice, count);
}

int sim_driver::sync_file(int fd, bool data_only) noexcept {
    const auto [file, failure] = find(fd, "sync");
    if (file == nullptr) return failure;
    if (!file->is_on_disk()) return -EINVAL;
    if (file->what() == sim::open_file::kind::regular)
        return done(*file, act::synced, static_cast<regular_file*>(file)->sync(data_only));
    if (in_.chance(in_.faults().disk_error)) return done(*file, act::synced, -EIO);
    in_.net().at(file->host()).files.sync(*node_of(*file));
    return done(*file, act::synced, 0);
}

std::int64_t sim_driver::file_size(int fd) noexcept {
    struct stat status{};
    const int failure = fd_status(fd, status);
    return failure < 0 ? failure : std::int64_t{status.st_size};
}

std::int64_t sim_driver::seek(int fd, std::int64_t offset, int origin) noexcept {
    const auto [file, failure] = find(fd, "seek");
    if (file == nullptr) return failure;
    if (file->what() == sim::open_file::kind::directory) {
        if (offset != 0 || origin != SEEK_SET) return -EINVAL;
        static_cast<open_directory*>(file)->rewind();
        return 0;
    }
    if (file->what() != sim::open_file::kind::regular) return -ESPIPE;
    return static_cast<regular_file*>(file)->seek(offset, origin);
}

int sim_driver::set_file_size(int fd, std::int64_t size) noexcept {
    const auto [file, failure] = find_regular(fd, "resizing");
    if (file == nullptr) return failure;
    return done(*file, act::file, file->set_size(size));
}

int sim_driver::set_file_mode(int fd, unsigned mode) noexcept {
    const auto [file, failure] = find(fd, "setting permissions");
    if (file == nullptr) return failure;
    if (!file->is_on_disk()) return -EINVAL;
    node_of(*file)->set_permissions(mode, in_.now());
    return done(*file, act::file, 0);
}

int sim_driver::lock_file(int fd, short type) noexcept {
    const auto [file, failure] = find_regular(fd, "locking");
    if (file == nullptr) return failure;
    return done(*file, act::file, file->lock(type));
}

}  // namespace mioco::detail::sim
