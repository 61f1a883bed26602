// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace mioco::detail::sim {

class world;

/// The bytes of a file, as programs see them, and what of them has got to the device for sure: what a crash leaves is between the two.
class file_content {
public:
    /// What the device writes at once or not at all.
    static constexpr std::size_t sector = 512;

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }
    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }

    void write(std::size_t offset, std::vector<std::byte> bytes);
    /// Cuts, or adds zeros.
    void resize(std::size_t size);

    /// All of it is on the device.
    void sync();
    /// What is left of it when nothing more gets to the device: of what is not synced a part, which is drawn. Returns whether
    /// something was drawn.
    bool tear(world& in);
    /// The same, but programs go on to see all of it.
    void lose_some(world& in);

private:
    struct change {
        std::size_t offset;            // of what is written; of a resize the new size
        std::vector<std::byte> bytes;  // empty: a resize
        std::size_t size_after;
        bool is_cut = false;
    };

    void add(change made);
    static void apply(std::vector<std::byte>& to, const change& made);
    [[nodiscard]] std::vector<std::byte> some_in_turn(world& in) const;
    [[nodiscard]] std::vector<std::byte> some_of_each_sector(world& in) const;

    std::vector<std::byte> bytes_;
    std::vector<std::byte> device_;  // before all that is not synced
    std::deque<change> unsynced_;
    std::size_t unsynced_bytes_ = 0;
};

}  // namespace mioco::detail::sim
