// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <sys/types.h>

#include "io/sim/fifo.hpp"
#include "io/sim/trace.hpp"
#include "io/sim/turns.hpp"

namespace mioco::detail::sim {

class world;
class open_file;

/// That a poller watches a descriptor. It goes with the open file, and not with the descriptor, as with epoll: what is closed while a
/// duplicate lives on, or while it is in flight to somebody, is watched on.
struct watched {
    sim_poller* by;
    open_file* file;
    int number;
    std::uint64_t key;  // of the fd_object
    std::size_t place;  // in the poller's list
    bool queued = false;
};

/// What descriptors refer to: a socket, an end of a pipe, a file, a directory.
class open_file : public std::enable_shared_from_this<open_file> {
public:
    enum class kind : std::uint8_t { socket, pipe, regular, directory };

    open_file(world& in, host_id host, kind what, int flags);
    virtual ~open_file();
    open_file(const open_file&) = delete;
    open_file& operator=(const open_file&) = delete;

    [[nodiscard]] kind what() const noexcept { return what_; }
    /// Whether it is a file or a directory, for which nobody waits.
    [[nodiscard]] bool is_on_disk() const noexcept {
        return what_ == kind::regular || what_ == kind::directory;
    }
    [[nodiscard]] world& in() const noexcept { return in_; }
    [[nodiscard]] host_id host() const noexcept { return host_; }
    /// For the trace: never given twice.
    [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
    /// As fcntl(2) with F_GETFL.
    [[nodiscard]] int flags() const noexcept { return flags_; }
    void set_flags(int flags) noexcept { flags_ = flags; }

    virtual void fill(struct stat& status) const;
    /// What holds now, in epoll's bits.
    [[nodiscard]] virtual std::uint32_t ready() const noexcept = 0;
    /// The same, also of what a crash has taken.
    [[nodiscard]] std::uint32_t now_ready() const noexcept;
    /// Of up to `most` bytes; as read(2) and write(2) of what does not wait.
    virtual ssize_t read(part_cursor& into, std::size_t most) = 0;
    virtual ssize_t write(part_cursor& from, std::size_t most) = 0;

    /// Those who watch it look at it again.
    void news();
    /// Its host is gone: nothing works any more, and nobody is told of it.
    void crash();
    [[nodiscard]] bool is_crashed() const noexcept { return crashed_; }
    /// Drops what may refer to itself, so that it can go.
    virtual void drop_contents() {}

    void note(act what, std::int64_t count);

protected:
    /// No descriptor refers to it any more, nor a message that is on its way.
    virtual void last_close() = 0;
    /// As far as others can see.
    virtual void vanish() = 0;

private:
    friend class file_ref;
    friend class sim_poller;

    world& in_;
    const kind what_;
    const host_id host_;
    const std::uint64_t id_;
    int flags_;
    bool crashed_ = false;
    std::size_t users_ = 0;
    std::vector<watched*> watchers_;
};

/// A use of an open file: of a descriptor, or of a message in flight that brings it. With the last it is closed, though the network may
/// keep it for what is still to be sent.
class file_ref {
public:
    file_ref() noexcept = default;
    explicit file_ref(std::shared_ptr<open_file> file) noexcept : file_(std::move(file)) {
        if (file_) ++file_->users_;
    }
    file_ref(file_ref&& other) noexcept : file_(std::move(other.file_)) {}
    file_ref& operator=(file_ref&& other) noexcept {
        if (this != &other) {
            reset();
            file_ = std::move(other.file_);
        }
        return *this;
    }
    ~file_ref() { reset(); }
    file_ref(const file_ref&) = delete;
    file_ref& operator=(const file_ref&) = delete;

    [[nodiscard]] file_ref share() const noexcept { return file_ref(file_); }
    [[nodiscard]] open_file* get() const noexcept { return file_.get(); }
    explicit operator bool() const noexcept { return file_ != nullptr; }
    void reset() noexcept;

private:
    std::shared_ptr<open_file> file_;
};

}  // namespace mioco::detail::sim
