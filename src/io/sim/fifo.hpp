// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <sys/uio.h>

namespace mioco::detail::sim {

/// First in, first out. Empty, it takes no memory, as there are two for each end of a connection.
template <class T>
class fifo {
public:
    [[nodiscard]] bool empty() const noexcept { return first_ == items_.size(); }
    [[nodiscard]] std::size_t size() const noexcept { return items_.size() - first_; }
    T& front() noexcept { return items_[first_]; }
    T& back() noexcept { return items_.back(); }
    [[nodiscard]] const T& front() const noexcept { return items_[first_]; }

    void push(T item) { items_.push_back(std::move(item)); }
    T pop() {
        T item = std::move(items_[first_]);
        items_[first_] = T();
        ++first_;
        settle();
        return item;
    }
    void clear() noexcept {
        items_.clear();
        first_ = 0;
    }
    auto begin() noexcept { return items_.begin() + static_cast<std::ptrdiff_t>(first_); }
    auto end() noexcept { return items_.end(); }
    [[nodiscard]] auto begin() const noexcept {
        return items_.begin() + static_cast<std::ptrdiff_t>(first_);
    }
    [[nodiscard]] auto end() const noexcept { return items_.end(); }

private:
    void settle() {
        constexpr std::size_t many = 64;
        if (empty()) return clear();
        if (first_ < many || first_ * 2 < items_.size()) return;
        items_.erase(items_.begin(), begin());
        first_ = 0;
    }

    std::vector<T> items_;
    std::size_t first_ = 0;
};

/// The parts of a call's buffers, read or written from the front.
class part_cursor {
public:
    explicit part_cursor(std::span<const iovec> parts) noexcept : parts_(parts) {}

    [[nodiscard]] std::size_t left() const noexcept {
        std::size_t total = 0;
        for (const iovec& each : parts_) total += each.iov_len;
        return total - offset_;
    }

    /// Into the parts. How much had room.
    std::size_t put(std::span<const std::byte> bytes) noexcept {
        return walk(bytes.size(), [&](std::byte* part, std::size_t done, std::size_t size) {
            std::copy_n(bytes.data() + done, size, part);
        });
    }
    /// Out of the parts, to the end of `to`.
    std::size_t take(std::vector<std::byte>& to, std::size_t most) {
        return walk(most, [&](const std::byte* part, std::size_t, std::size_t size) {
            to.insert(to.end(), part, part + size);
        });
    }

private:
    template <class Each>
    std::size_t walk(std::size_t most, Each each) {
        std::size_t done = 0;
        while (done < most && !parts_.empty()) {
            const iovec& part = parts_.front();
            const std::size_t size = std::min(part.iov_len - offset_, most - done);
            if (size > 0) each(static_cast<std::byte*>(part.iov_base) + offset_, done, size);
            done += size;
            offset_ += size;
            if (offset_ == part.iov_len) {
                parts_ = parts_.subspan(1);
                offset_ = 0;
            }
        }
        return done;
    }

    std::span<const iovec> parts_;
    std::size_t offset_ = 0;
};

/// Bytes that wait: of a buffer of a socket.
class byte_queue {
public:
    [[nodiscard]] bool empty() const noexcept { return first_ == bytes_.size(); }
    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size() - first_; }
    [[nodiscard]] std::span<const std::byte> all() const noexcept {
        return std::span(bytes_).subspan(first_);
    }

    /// The first ones keep their memory, as nearly all are taken before the next ones come.
    void append(std::vector<std::byte>&& bytes) {
        if (empty()) {
            bytes_ = std::move(bytes);
            first_ = 0;
        } else {
            bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        }
    }
    std::size_t append(part_cursor& from, std::size_t most) { return from.take(bytes_, most); }

    std::vector<std::byte> pop(std::size_t count) {
        const auto part = all().first(count);
        std::vector<std::byte> taken(part.begin(), part.end());
        drop(count);
        return taken;
    }
    void drop(std::size_t count) {
        constexpr std::size_t much = 65'536;
        first_ += count;
        if (empty()) return clear();
        if (first_ < much || first_ * 2 < bytes_.size()) return;
        bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
    }
    void clear() noexcept {
        bytes_.clear();
        first_ = 0;
    }

private:
    std::vector<std::byte> bytes_;
    std::size_t first_ = 0;
};

}  // namespace mioco::detail::sim
