// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <string>
#include <string_view>

namespace colerr {

/// Prepares what comes from one stream to be shown between that of others.
class painter {
public:
    enum class keeping : bool { nothing, half_characters };

    /// `color`: an escape sequence, or nothing to leave the text as it is.
    painter(std::string_view color, keeping what) : color_(color), what_(what) {}

    /// A part as it is to be written, in one piece. Of half characters, the beginning of one in UTF-8 whose rest has not come yet is kept
    /// for the next part, since an escape sequence between the two would break it.
    std::string paint(std::string_view part);
    /// What was kept, at the stream's end.
    std::string finish();

private:
    [[nodiscard]] std::string wrapped(std::string_view text) const;

    std::string color_;
    keeping what_;
    std::string kept_;
};

/// How much of the end of `text` is the beginning of a character only.
std::size_t unfinished(std::string_view text) noexcept;

inline constexpr std::string_view red = "\033[31m";
inline constexpr std::string_view reset = "\033[0m";

}  // namespace colerr
