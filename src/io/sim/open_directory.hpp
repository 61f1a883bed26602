// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/driver.hpp"
#include "io/sim/inode.hpp"
#include "io/sim/open_file.hpp"

namespace mioco::detail::sim {

/// An open directory of a host.
class open_directory final : public open_file {
public:
    open_directory(world& in, host_id host, int flags, std::shared_ptr<inode> of)
        : open_file(in, host, kind::directory, flags), of_(std::move(of)) {}

    [[nodiscard]] const std::shared_ptr<inode>& node() const noexcept { return of_; }
    /// Some of what comes behind the last name that was given, in the order of names.
    int list(std::vector<directory_item>& into);
    void rewind() { last_.clear(); }

    void fill(struct stat& status) const override;
    [[nodiscard]] std::uint32_t ready() const noexcept override;
    ssize_t read(part_cursor&, std::size_t) override;
    ssize_t write(part_cursor&, std::size_t) override;

private:
    void last_close() override {}
    void vanish() override {}

    const std::shared_ptr<inode> of_;
    std::string last_;
};

}  // namespace mioco::detail::sim
