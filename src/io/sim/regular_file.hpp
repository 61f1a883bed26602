// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "io/sim/inode.hpp"
#include "io/sim/open_file.hpp"

namespace mioco::detail::sim {

/// An open file of a host, in memory.
class regular_file final : public open_file {
public:
    regular_file(world& in, host_id host, int flags, std::shared_ptr<inode> of);

    /// As pread(2) and pwrite(2).
    ssize_t read_at(part_cursor& into, std::size_t most, std::uint64_t offset) const;
    ssize_t write_at(part_cursor& from, std::size_t most, std::uint64_t offset);
    std::int64_t seek(std::int64_t offset, int origin);
    [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
    void set_position(std::uint64_t position) noexcept { position_ = position; }
    [[nodiscard]] std::size_t size() const noexcept { return of_->content.size(); }

    int set_size(std::int64_t size);
    int sync(bool data_only);
    /// As fcntl(2) with F_OFD_SETLK, of the whole file.
    int lock(short type);
    [[nodiscard]] const std::shared_ptr<inode>& node() const noexcept { return of_; }

    void fill(struct stat& status) const override;
    [[nodiscard]] std::uint32_t ready() const noexcept override;
    ssize_t read(part_cursor& into, std::size_t most) override;
    ssize_t write(part_cursor& from, std::size_t most) override;

private:
    void last_close() override { of_->locks.erase(id()); }
    void vanish() override { of_->locks.erase(id()); }
    [[nodiscard]] bool may_read() const noexcept;
    [[nodiscard]] bool may_write() const noexcept;

    const std::shared_ptr<inode> of_;
    std::uint64_t position_ = 0;
};

}  // namespace mioco::detail::sim
