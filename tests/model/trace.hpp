// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mioco::model {

/// The steps of one execution, as a table with a column a thread.
class trace {
public:
    void clear() {
        steps_.clear();
        threads_.clear();
        names_.clear();
        addresses_.clear();
    }
    void thread(const char* name) { threads_.push_back(name); }
    void location(const void* address) {
        addresses_.push_back(reinterpret_cast<std::uintptr_t>(address));
    }
    /// How a value is written.
    using format = std::string (*)(std::uint64_t value);
    /// Locations inside of [begin, begin + size) are called by this name and their offset, and so are pointers to there. The first name
    /// that fits is taken.
    void name(const void* begin, std::size_t size, const char* text, const char* part,
              format value) {
        names_.push_back({static_cast<const char*>(begin), size, text, part, value});
    }
    void step(unsigned thread, int location, const char* what, std::uint64_t before,
              std::uint64_t after) {
        steps_.push_back({thread, location, what, before, after});
    }
    void note(unsigned thread, const char* text) { steps_.push_back({thread, -1, text, 0, 0}); }
    [[nodiscard]] std::size_t size() const noexcept { return steps_.size(); }

    [[nodiscard]] std::string table() const {
        std::vector<std::size_t> widths;
        for (unsigned i = 0; i < threads_.size(); ++i) widths.push_back(width_of(i));
        std::string out = row([&](unsigned i) { return std::string(threads_[i]); }, widths);
        for (std::size_t n = 0; n < steps_.size() && n < most_rows; ++n) {
            const entry& each = steps_[n];
            out += row([&](unsigned i) { return i == each.thread ? text_of(each) : std::string(); },
                       widths);
        }
        if (steps_.size() > most_rows) out += "and so on\n";
        return out;
    }

private:
    static constexpr std::size_t most_rows = 200;

    struct entry {
        unsigned thread;
        int location;
        const char* what;
        std::uint64_t before;
        std::uint64_t after;
    };

    struct named {
        const char* begin;
        std::size_t size;
        const char* text;
        const char* part;
        format value;

        [[nodiscard]] bool has(std::uintptr_t address) const {
            return address - reinterpret_cast<std::uintptr_t>(begin) < size;
        }
        [[nodiscard]] std::string name_of(std::uintptr_t address) const {
            const auto offset = address - reinterpret_cast<std::uintptr_t>(begin);
            return std::string(text) + part + (offset == 0 ? "" : "+" + std::to_string(offset));
        }
    };

    [[nodiscard]] const named* name_at(std::uintptr_t address) const {
        const auto found =
            std::ranges::find_if(names_, [&](const named& each) { return each.has(address); });
        return found == names_.end() ? nullptr : &*found;
    }

    [[nodiscard]] std::size_t width_of(unsigned thread) const {
        std::size_t width = std::string(threads_[thread]).size();
        for (const entry& each : steps_) {
            if (each.thread == thread) width = std::max(width, text_of(each).size());
        }
        return width;
    }

    template <class Cell>
    static std::string row(Cell cell, const std::vector<std::size_t>& widths) {
        std::string line;
        for (unsigned i = 0; i < widths.size(); ++i) {
            std::string text = cell(i);
            text.resize(widths[i], ' ');
            line += "| " + text + " ";
        }
        return line + "|\n";
    }

    [[nodiscard]] std::string number(std::uint64_t value) const {
        if (value < 10) return std::to_string(value);
        if (value > UINT64_MAX / 2) return "-" + std::to_string(~value + 1);
        if (const named* const pointed_to = name_at(value)) return "&" + pointed_to->name_of(value);
        constexpr char digits[] = "0123456789abcdef";
        std::string text;
        for (; value != 0; value >>= 4) text.insert(text.begin(), digits[value & 15]);
        return "0x" + text;
    }

    [[nodiscard]] std::string text_of(const entry& each) const {
        if (each.location < 0) return each.what;
        const std::uintptr_t address = addresses_[static_cast<std::size_t>(each.location)];
        const named* const known = name_at(address);
        const auto text_of_value = [&](std::uint64_t value) {
            return known != nullptr && known->value != nullptr ? known->value(value)
                                                               : number(value);
        };
        std::string text =
            known != nullptr ? known->name_of(address) : "#" + std::to_string(each.location);
        text += std::string(" ") + each.what + " " + text_of_value(each.before);
        if (each.after != each.before) text += " > " + text_of_value(each.after);
        return text;
    }

    std::vector<entry> steps_;
    std::vector<const char*> threads_;
    std::vector<named> names_;
    std::vector<std::uintptr_t> addresses_;  // of locations
};

}  // namespace mioco::model
