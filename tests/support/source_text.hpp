// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstring>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

namespace mioco_test {

/// The source of a text under test, and what its comments say of an operation.
class source_text {
public:
    explicit source_text(const std::string& path) {
        std::ifstream file(path);
        for (std::string line; std::getline(file, line);) lines_.push_back(line);
    }

    [[nodiscard]] bool empty() const { return lines_.empty(); }

    /// How often `wanted` stands in its code.
    [[nodiscard]] std::size_t count(const std::regex& wanted) const {
        std::ptrdiff_t found = 0;
        for (const std::string& line : lines_) {
            const std::string code = line.substr(0, line.find("//"));
            found += std::distance(std::sregex_iterator(code.begin(), code.end(), wanted), {});
        }
        return static_cast<std::size_t>(found);
    }

    /// The comments in the lines of the statement that has this line, and those above it. Lines are numbered from one.
    [[nodiscard]] std::string comments_at(std::size_t number) const {
        std::size_t first = number;
        while (!ends_statement(first - 1)) --first;
        std::size_t last = number;
        while (!ends_statement(last)) ++last;
        std::string said;
        while (code_of(line(first - 1)).empty() && !line(first - 1).empty()) --first;
        for (std::size_t i = first; i <= last; ++i) {
            const std::size_t begin = line(i).find("//");
            if (begin != std::string::npos) said += line(i).substr(begin) + "\n";
        }
        return said;
    }

private:
    [[nodiscard]] std::string line(std::size_t number) const {
        return number == 0 || number > lines_.size() ? std::string() : lines_[number - 1];
    }
    [[nodiscard]] static std::string code_of(const std::string& line) {
        const std::string code = line.substr(0, line.find("//"));
        return code.substr(0, code.find_last_not_of(' ') + 1);
    }
    [[nodiscard]] bool ends_statement(std::size_t number) const {
        const std::string code = code_of(line(number));
        return code.empty() || std::string(";{}:").find(code.back()) != std::string::npos;
    }

    std::vector<std::string> lines_;
};

/// Tells the operations of one file, if one was named, from all others. It allocates nothing.
class file_under_test {
public:
    constexpr file_under_test() noexcept = default;
    /// The end of its path.
    constexpr explicit file_under_test(const char* ending) noexcept : ending_(ending) {}

    /// Of a name as std::source_location gives it.
    bool is(const char* file) noexcept {
        // A file's name has one address nearly always: the others are compared.
        if (file == path_) return true;
        if (file == other_ || ending_ == nullptr) return false;
        const std::size_t length = std::strlen(file);
        const std::size_t wanted = std::strlen(ending_);
        if (length >= wanted && std::strcmp(file + length - wanted, ending_) == 0) {
            path_ = file;
            return true;
        }
        other_ = file;
        return false;
    }

    /// Where the file lies; null if nothing of it was met.
    [[nodiscard]] const char* path() const noexcept { return path_; }

private:
    const char* ending_ = nullptr;
    const char* path_ = nullptr;
    const char* other_ = nullptr;
};

}  // namespace mioco_test
