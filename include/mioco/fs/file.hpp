// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include <sys/uio.h>

#include <mioco/byte_range.hpp>
#include <mioco/fs/file_status.hpp>

namespace mioco::detail {
struct file_access;
}

namespace mioco::fs {

/// How a file is opened: `file::open(path, {.write = true, .create = true})`. At least one of `read`, `write` and `append` is
/// needed.
struct open_options {
    /// Allow reading.
    bool read = false;
    /// Allow writing, from the beginning on.
    bool write = false;
    /// Allow writing; each write goes to the end of the file, also when others write to it.
    bool append = false;
    /// Make the file if it is not there. Needs `write` or `append`.
    bool create = false;
    /// Make the file, and fail with `std::errc::file_exists` if it is there. Needs `write` or `append`.
    bool create_new = false;
    /// Drop what was in the file. Needs `write`.
    bool truncate = false;
    /// The permissions of a file that is made; the process's umask takes bits away.
    unsigned mode = 0666;
};

/// From where `file::seek` counts.
enum class seek_from : std::uint8_t {
    begin,    ///< The beginning of the file.
    current,  ///< The position where the next read or write would be.
    end       ///< The end of the file.
};

/// An open file. Move-only; destroying it closes it.
///
/// All calls, in fibers and on plain threads: inside a fiber they park it while a thread of the runtime's pool (see `offload`) does the
/// work, or for `read_at`, `write_at` and flushes the kernel (an io_uring of the worker's, if there is one to be had); outside they
/// block the thread. What `read_at` finds in the page cache it reads at once. In fibers they are cancellation points until their work has begun: a cancelled call has done
/// nothing, and one that has begun is waited for and counts. Errors are thrown as `std::system_error`, whose text names the call
/// and the file, or set in `ec`; a cancel is then `std::errc::operation_canceled`. A call that a signal interrupts is repeated.
/// If no thread can be started, a call holds its worker up rather than fail.
///
/// Several fibers and threads may use a file at once, as the kernel allows: they share the position of `read` and `write`,
/// while `read_at` and `write_at` have none. But `close`, `release`, moving and destroying need the object alone.
///
/// Meant for regular files. A pipe, a terminal or a descriptor that never blocks can be adopted, but a read of one that has
/// nothing may hold a thread of the pool until something comes, and no cancel ends it. Whether a descriptor has O_DIRECT is looked
/// at when it is adopted. In the original since 0.9.
class file {
public:
    /// No file: every call gives `std::errc::bad_file_descriptor`.
    file() noexcept = default;
    /// Takes the other's file; the other has none then.
    file(file&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)),
          kind_(other.kind_),
          path_(std::exchange(other.path_, {})) {}
    /// Closes the file held so far, as the destructor does.
    file& operator=(file&& other) noexcept {
        if (this != &other) {
            discard();
            fd_ = std::exchange(other.fd_, -1);
            kind_ = other.kind_;
            path_ = std::exchange(other.path_, {});
        }
        return *this;
    }
    file(const file&) = delete;
    file& operator=(const file&) = delete;
    /// Closes the file, and drops what `close` would report. It may park, and is no cancellation point.
    ~file() { discard(); }

    /// Opens a file; to read it, unless `options` say otherwise. The descriptor is closed in programs that the process starts.
    /// Options that contradict each other give `std::errc::invalid_argument`.
    static file open(const std::filesystem::path& path,
                     const open_options& options = {.read = true}) {
        return open_file(path, options, nullptr);
    }
    /// The same, with the error in `ec` and no file returned.
    static file open(const std::filesystem::path& path, const open_options& options,
                     std::error_code& ec) {
        return open_file(path, options, &ec);
    }
    /// The same, to read.
    static file open(const std::filesystem::path& path, std::error_code& ec) {
        return open_file(path, {.read = true}, &ec);
    }

    /// Opens a file to be written from its beginning on, empty: it is made, or what was in it dropped.
    static file create(const std::filesystem::path& path) {
        return open_file(path, {.write = true, .create = true, .truncate = true}, nullptr);
    }
    /// The same, with the error in `ec` and no file returned.
    static file create(const std::filesystem::path& path, std::error_code& ec) {
        return open_file(path, {.write = true, .create = true, .truncate = true}, &ec);
    }

    /// Takes over an open descriptor. Throws `std::system_error` if it is not open. Errors name its number.
    static file adopt(int fd) { return adopt_open(fd, nullptr); }
    /// The same, with the error in `ec` and no file returned.
    static file adopt(int fd, std::error_code& ec) { return adopt_open(fd, &ec); }
    /// Gives the descriptor to the caller, who closes it; -1 without a file. The object is left without one. Does not block.
    [[nodiscard]] int release() noexcept {
        path_.clear();
        return std::exchange(fd_, -1);
    }

    /// Reads up to the buffer's size from the position, which moves on; returns the count. 0: the end of the file, or an
    /// empty buffer. In the original since 0.9.
    template <mutable_byte_range B>
    std::size_t read(B&& into) {
        return read_some(detail::writable_bytes_of(into), position, nullptr);
    }
    /// The same, with the error in `ec`.
    template <mutable_byte_range B>
    std::size_t read(B&& into, std::error_code& ec) {
        return read_some(detail::writable_bytes_of(into), position, &ec);
    }

    /// Fills the buffer from the position, which moves on. Throws `io_error`, which holds the count so far;
    /// `errc::end_of_stream` if the file ends first.
    template <mutable_byte_range B>
    void read_exactly(B&& into) {
        read_all(detail::writable_bytes_of(into), nullptr);
    }
    /// The same, with the error in `ec`; returns how many bytes were read.
    template <mutable_byte_range B>
    std::size_t read_exactly(B&& into, std::error_code& ec) {
        return read_all(detail::writable_bytes_of(into), &ec);
    }

    /// Reads up to the buffer's size from `offset` bytes behind the beginning, and leaves the position alone; returns the count.
    template <mutable_byte_range B>
    std::size_t read_at(B&& into, std::uint64_t offset) {
        return read_some(detail::writable_bytes_of(into), offset, nullptr);
    }
    /// The same, with the error in `ec`.
    template <mutable_byte_range B>
    std::size_t read_at(B&& into, std::uint64_t offset, std::error_code& ec) {
        return read_some(detail::writable_bytes_of(into), offset, &ec);
    }

    /// Reads into several buffers, one after the other, from the position, which moves on; returns the count of all, which is less than
    /// there is room for at the end of the file. `std::errc::invalid_argument`: more than the system takes at once, 1,024.
    std::size_t readv(std::span<const iovec> into) { return read_parts(into, position, nullptr); }
    /// The same, with the error in `ec`.
    std::size_t readv(std::span<const iovec> into, std::error_code& ec) {
        return read_parts(into, position, &ec);
    }
    /// The same from `offset` bytes behind the beginning, and leaves the position alone. Always on the pool.
    std::size_t readv_at(std::span<const iovec> into, std::uint64_t offset) {
        return read_parts(into, offset, nullptr);
    }
    /// The same, with the error in `ec`.
    std::size_t readv_at(std::span<const iovec> into, std::uint64_t offset, std::error_code& ec) {
        return read_parts(into, offset, &ec);
    }

    /// Writes at the position, which moves on; returns the count, which is less than asked for only when the device is full
    /// or a limit is reached. In the original since 0.9.
    template <byte_range B>
    std::size_t write(const B& from) {
        return write_some(detail::bytes_of(from), position, nullptr);
    }
    /// The same, with the error in `ec`.
    template <byte_range B>
    std::size_t write(const B& from, std::error_code& ec) {
        return write_some(detail::bytes_of(from), position, &ec);
    }

    /// Writes all of it. Throws `io_error`, which holds the count so far.
    template <byte_range B>
    void write_all(const B& from) {
        write_whole(detail::bytes_of(from), nullptr);
    }
    /// The same, with the error in `ec`; returns how many bytes were written, also when cancelled.
    template <byte_range B>
    std::size_t write_all(const B& from, std::error_code& ec) {
        return write_whole(detail::bytes_of(from), &ec);
    }

    /// Writes at `offset` bytes behind the beginning, and leaves the position alone; returns the count. In a file that was
    /// opened with `append` it goes to the end, whatever the offset.
    template <byte_range B>
    std::size_t write_at(const B& from, std::uint64_t offset) {
        return write_some(detail::bytes_of(from), offset, nullptr);
    }
    /// The same, with the error in `ec`.
    template <byte_range B>
    std::size_t write_at(const B& from, std::uint64_t offset, std::error_code& ec) {
        return write_some(detail::bytes_of(from), offset, &ec);
    }

    /// Writes from several buffers, one after the other, at the position, which moves on; returns the count of all, which is less than asked
    /// for as that of `write` is. `std::errc::invalid_argument`: more than the system takes at once, 1,024.
    std::size_t writev(std::span<const iovec> from) { return write_parts(from, position, nullptr); }
    /// The same, with the error in `ec`.
    std::size_t writev(std::span<const iovec> from, std::error_code& ec) {
        return write_parts(from, position, &ec);
    }
    /// The same at `offset` bytes behind the beginning, as `write_at`. Always on the pool.
    std::size_t writev_at(std::span<const iovec> from, std::uint64_t offset) {
        return write_parts(from, offset, nullptr);
    }
    /// The same, with the error in `ec`.
    std::size_t writev_at(std::span<const iovec> from, std::uint64_t offset, std::error_code& ec) {
        return write_parts(from, offset, &ec);
    }

    /// Moves the position, and returns it in bytes from the beginning. It may lie behind the end. Does not block, and is no cancellation
    /// point, but with `seek_from::end`: then it is as the other calls, since a file server may have to be asked.
    std::uint64_t seek(std::int64_t offset, seek_from origin = seek_from::begin) {
        return move_to(offset, origin, nullptr);
    }
    /// The same, with the error in `ec`.
    std::uint64_t seek(std::int64_t offset, seek_from origin, std::error_code& ec) {
        return move_to(offset, origin, &ec);
    }

    /// The file's size in bytes.
    [[nodiscard]] std::uint64_t size() const { return size_of(nullptr); }
    /// The same, with the error in `ec`.
    [[nodiscard]] std::uint64_t size(std::error_code& ec) const { return size_of(&ec); }

    /// Makes the file so many bytes long: cuts it, or adds zeros, which take no room on most file systems. The position stays.
    void resize(std::uint64_t size) { set_size(size, nullptr); }
    /// The same, with the error in `ec`.
    void resize(std::uint64_t size, std::error_code& ec) { set_size(size, &ec); }

    /// What is known about it: size, type, permissions, times, identity.
    [[nodiscard]] file_status status() const { return status_of(nullptr); }
    /// The same, with the error in `ec`; of type `none` then.
    [[nodiscard]] file_status status(std::error_code& ec) const { return status_of(&ec); }

    // A lock of the whole file, which programs that ask for it keep to: reads and writes do not look at it. One that writes
    // has it alone, those that read share it. It belongs to the open file: what was opened separately excludes each other, in this
    // process too, while fibers that share a `file` share its lock; asking again changes it from one kind to the other at once, and
    // keeps it as it was if that fails. Closing the file gives the lock back, and so does the end of the process. Locks of lockf(3) and
    // fcntl(2) exclude it, those of flock(2) do not know of it. With the names that std::unique_lock and std::shared_lock call.

    /// Waits until the file can be locked for this one alone. It must be open to be written. A lock has no event: who waits tries
    /// again, from each millisecond to each fifty, so it gets the lock somewhat late and in no particular order, and holds no thread
    /// meanwhile. A cancel or a deadline ends the wait, and the file is not locked then.
    void lock() { lock_file(true, nullptr); }
    /// The same, with the error in `ec`.
    void lock(std::error_code& ec) { lock_file(true, &ec); }
    /// The same without waiting; returns whether it is locked. It asks on the pool as all calls do.
    bool try_lock() { return try_lock_file(true, nullptr); }
    /// The same, with the error in `ec`.
    bool try_lock(std::error_code& ec) { return try_lock_file(true, &ec); }
    /// As `lock`, together with others that do so. The file must be open to be read.
    void lock_shared() { lock_file(false, nullptr); }
    /// The same, with the error in `ec`.
    void lock_shared(std::error_code& ec) { lock_file(false, &ec); }
    /// As `try_lock`, together with others.
    bool try_lock_shared() { return try_lock_file(false, nullptr); }
    /// The same, with the error in `ec`.
    bool try_lock_shared(std::error_code& ec) { return try_lock_file(false, &ec); }
    /// Gives the lock back, of whichever kind; nothing if there is none. May park, and is no cancellation point.
    void unlock() noexcept;
    /// The same.
    void unlock_shared() noexcept { unlock(); }

    /// Returns when all that was written, and what is known about the file, is on the device. In the original since 0.9.
    /// Of a directory, which can be opened to be read: when the names in it are there for good.
    void flush() { sync(false, nullptr); }
    /// The same, with the error in `ec`.
    void flush(std::error_code& ec) { sync(false, &ec); }
    /// Returns when all that was written can be read from the device after a crash; its times may be lost. Faster than `flush`.
    void flush_data() { sync(true, nullptr); }
    /// The same, with the error in `ec`.
    void flush_data(std::error_code& ec) { sync(true, &ec); }

    /// Closes the file, and reports what the kernel says to that: on some file systems it is only then that a write fails. The
    /// file is closed in every case. No cancellation point.
    void close() { close_file(nullptr); }
    /// The same, with the error in `ec`.
    void close(std::error_code& ec) { close_file(&ec); }

    /// Whether there is an open file.
    [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }
    /// The descriptor, which stays the file's; -1 without one.
    [[nodiscard]] int native_handle() const noexcept { return fd_; }
    /// The path with which it was opened; empty for an adopted descriptor.
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

private:
    friend struct detail::file_access;
    static constexpr std::nullopt_t position = std::nullopt;  // for an offset

    file(int fd, std::uint8_t kind, std::filesystem::path path) noexcept
        : fd_(fd), kind_(kind), path_(std::move(path)) {}
    static file adopt_open(int fd, std::error_code* ec);
    static file open_file(const std::filesystem::path& path, const open_options& options,
                          std::error_code* ec);
    std::size_t read_some(std::span<std::byte> into, std::optional<std::uint64_t> offset,
                          std::error_code* ec);
    std::size_t read_all(std::span<std::byte> into, std::error_code* ec);
    std::size_t write_some(std::span<const std::byte> from, std::optional<std::uint64_t> offset,
                           std::error_code* ec);
    std::size_t read_parts(std::span<const iovec> into, std::optional<std::uint64_t> offset,
                           std::error_code* ec);
    std::size_t write_parts(std::span<const iovec> from, std::optional<std::uint64_t> offset,
                            std::error_code* ec);
    std::size_t write_whole(std::span<const std::byte> from, std::error_code* ec);
    std::uint64_t move_to(std::int64_t offset, seek_from origin, std::error_code* ec);
    std::uint64_t size_of(std::error_code* ec) const;
    void set_size(std::uint64_t size, std::error_code* ec);
    file_status status_of(std::error_code* ec) const;
    void lock_file(bool alone, std::error_code* ec);
    bool try_lock_file(bool alone, std::error_code* ec);
    void sync(bool data_only, std::error_code* ec);
    void close_file(std::error_code* ec);
    void discard() noexcept;

    int fd_ = -1;
    std::uint8_t kind_ = 0;  // not looked at
    std::filesystem::path path_;
};

}  // namespace mioco::fs
