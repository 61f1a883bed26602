// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "io/sim/inode.hpp"
#include "io/sim/open_file.hpp"

namespace mioco::detail::sim {

struct host;

/// An open file of a host, in memory. It stays over a crash, with all that was written.
class regular_file final : public open_file {
public:
    regular_file(world& in, host_id host, int flags, std::shared_ptr<inode> of);

    /// As open(2): null, with `failure` set, if it fails. There are no folders: a path is a name.
    static std::shared_ptr<regular_file> open(world& in, host_id host, const char* path, int flags,
                                              unsigned mode, int& failure);

    /// As pread(2) and pwrite(2).
    ssize_t read_at(part_cursor& into, std::size_t most, std::uint64_t offset) const;
    ssize_t write_at(part_cursor& from, std::size_t most, std::uint64_t offset);
    std::int64_t seek(std::int64_t offset, int origin);
    [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
    void set_position(std::uint64_t position) noexcept { position_ = position; }
    [[nodiscard]] std::size_t size() const noexcept { return of_->bytes.size(); }

    void fill(struct stat& status) const override;
    [[nodiscard]] std::uint32_t ready() const noexcept override;
    ssize_t read(part_cursor& into, std::size_t most) override;
    ssize_t write(part_cursor& from, std::size_t most) override;

private:
    void last_close() override {}
    void vanish() override {}
    [[nodiscard]] bool may_read() const noexcept;
    [[nodiscard]] bool may_write() const noexcept;

    const std::shared_ptr<inode> of_;
    std::uint64_t position_ = 0;
};

}  // namespace mioco::detail::sim
