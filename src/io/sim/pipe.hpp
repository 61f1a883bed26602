// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "io/sim/open_file.hpp"

namespace mioco::detail::sim {

class pipe_file;

/// What lies between the two ends: pages, as in the kernel, where a small write is all or nothing, and a page is free when all of it
/// has been read.
class pipe_buffer {
public:
    static constexpr std::size_t page = 4096;

    explicit pipe_buffer(std::size_t bytes) : most_pages_(bytes / page) {}

    [[nodiscard]] bool empty() const noexcept { return pages_.empty(); }
    [[nodiscard]] bool is_full() const noexcept { return pages_.size() >= most_pages_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return most_pages_ * page; }
    /// 0 if what is in there needs more.
    int set_capacity(std::size_t bytes) noexcept;
    /// In pages that are wholly free.
    [[nodiscard]] std::size_t free_bytes() const noexcept {
        return is_full() ? 0 : (most_pages_ - pages_.size()) * page;
    }

    /// How much has come in: all of it, or what there is room for if it is more than a page.
    std::size_t put(part_cursor& from, std::size_t size);
    std::size_t take(part_cursor& into, std::size_t most);
    /// The parts that hold what comes next, and what is done with them after they have been used.
    [[nodiscard]] std::vector<iovec> parts() const;
    void drop(std::size_t count);
    void clear() noexcept { pages_.clear(); }

private:
    struct one_page {
        std::vector<std::byte> bytes{};
        std::size_t taken = 0;
    };

    fifo<one_page> pages_;
    std::size_t most_pages_;
};

/// An end of a pipe.
class pipe_file final : public open_file {
public:
    struct shared_state {
        explicit shared_state(std::size_t bytes) : buffer(bytes) {}

        pipe_buffer buffer;
        pipe_file* reader = nullptr;
        pipe_file* writer = nullptr;
    };

    pipe_file(world& in, host_id host, bool writes, std::shared_ptr<shared_state> between);
    ~pipe_file() override;

    [[nodiscard]] bool writes() const noexcept { return writes_; }
    [[nodiscard]] pipe_buffer& buffer() const noexcept { return between_->buffer; }
    /// Both ends look again.
    void changed();
    [[nodiscard]] bool is_broken() const noexcept { return between_->reader == nullptr; }
    [[nodiscard]] bool has_writer() const noexcept { return between_->writer != nullptr; }

    void fill(struct stat& status) const override;
    [[nodiscard]] std::uint32_t ready() const noexcept override;
    ssize_t read(part_cursor& into, std::size_t most) override;
    ssize_t write(part_cursor& from, std::size_t most) override;

private:
    void last_close() override { vanish(); }
    void vanish() override;
    pipe_file*& own_place() noexcept { return writes_ ? between_->writer : between_->reader; }

    const bool writes_;
    const std::shared_ptr<shared_state> between_;
};

}  // namespace mioco::detail::sim
