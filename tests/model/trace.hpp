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
    void location(const void* address) { addresses_.push_back(static_cast<const char*>(address)); }
    /// Locations inside of [begin, begin + size) are called by this name and their offset.
    void name(const void* begin, std::size_t size, const char* text) {
        names_.push_back({static_cast<const char*>(begin), size, text});
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
        for (const entry& each : steps_) {
            out += row([&](unsigned i) { return i == each.thread ? text_of(each) : std::string(); },
                       widths);
        }
        return out;
    }

private:
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
    };

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

    static std::string number(std::uint64_t value) {
        if (value < 10) return std::to_string(value);
        if (value > UINT64_MAX / 2) return "-" + std::to_string(~value + 1);
        constexpr char digits[] = "0123456789abcdef";
        std::string text;
        for (; value != 0; value >>= 4) text.insert(text.begin(), digits[value & 15]);
        return "0x" + text;
    }

    [[nodiscard]] std::string name_of(int location) const {
        const char* const address = addresses_[static_cast<std::size_t>(location)];
        for (const named& each : names_) {
            if (address < each.begin || address >= each.begin + each.size) continue;
            const auto offset = static_cast<std::size_t>(address - each.begin);
            return std::string(each.text) + (offset == 0 ? "" : "+" + std::to_string(offset));
        }
        return "#" + std::to_string(location);
    }

    [[nodiscard]] std::string text_of(const entry& each) const {
        if (each.location < 0) return each.what;
        std::string text = name_of(each.location) + " " + each.what + " " + number(each.before);
        if (each.after != each.before) text += " > " + number(each.after);
        return text;
    }

    std::vector<entry> steps_;
    std::vector<const char*> threads_;
    std::vector<named> names_;
    std::vector<const char*> addresses_;  // of locations
};

}  // namespace mioco::model
