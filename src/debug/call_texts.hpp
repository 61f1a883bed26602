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
    /// At the end: how to get names, if no call into some file had one, and nobody was there to be asked. Throws what the sink throws.
    void put_hint(dump_sink& into) const;

private:
    const std::string* text_of(std::uintptr_t address) noexcept;
    [[nodiscard]] std::string make(std::uintptr_t address);

    const std::shared_ptr<symbolizer> by_;
    std::unordered_map<std::string, bool> has_names_;  // by file
    std::unordered_map<std::uintptr_t, std::string> known_;
};

}  // namespace mioco::detail
