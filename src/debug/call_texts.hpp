// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include <mioco/symbolizer.hpp>

#include "debug/dump.hpp"

namespace mioco::detail {

/// Writes what a dump shows of calls. Thousands of fibers wait in the same few places, so the text of each is made once a dump.
class call_texts {
public:
    call_texts() noexcept;

    /// Throws what the sink throws.
    void put(dump_sink& into, std::uintptr_t address);

private:
    const std::string* text_of(std::uintptr_t address) noexcept;
    [[nodiscard]] std::string make(std::uintptr_t address) const;

    const std::shared_ptr<symbolizer> by_;
    std::unordered_map<std::uintptr_t, std::string> known_;
};

}  // namespace mioco::detail
