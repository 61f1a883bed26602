// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <fstream>
#include <memory>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "relacy/orders.hpp"

namespace mioco::relacy {

/// A source under test, for what its comments say of its orders:
///
///     // needs no ORDER: REASON                  in the line of the operation, or above its statement
///     // needs no ORDER, ORDER: REASON           so do several
///     // needs no ORDER on failure: REASON       the second order of a compare_exchange
///     // untested ORDER: REASON                  it is needed, but Relacy cannot show that
class source_text {
public:
    explicit source_text(const std::string& path) {
        std::ifstream file(path);
        for (std::string line; std::getline(file, line);) lines_.push_back(line);
    }

    [[nodiscard]] bool empty() const { return lines_.empty(); }

    /// How many orders it names, but for relaxed ones.
    [[nodiscard]] std::size_t count_of_orders() const {
        static const std::regex order("memory_order_(acquire|release|acq_rel|seq_cst)");
        std::size_t count = 0;
        for (const std::string& line : lines_) {
            const std::string code = line.substr(0, line.find("//"));
            count += static_cast<std::size_t>(
                std::distance(std::sregex_iterator(code.begin(), code.end(), order), {}));
        }
        return count;
    }

    /// Whether a comment says that the operation needs no `lost`.
    [[nodiscard]] bool excuses(const order_site& site, std::memory_order lost) const {
        static const std::regex excuse(
            "(?:needs no|untested) ([a-z_]+(?:, [a-z_]+)*)( on failure)?: \\S");
        const std::string said = comments_at(site.line);
        for (std::sregex_iterator each(said.begin(), said.end(), excuse), end; each != end;
             ++each) {
            const bool on_failure = (*each)[2].matched;
            if (on_failure != (site.where == position::on_failure)) continue;
            std::istringstream orders((*each)[1].str());
            for (std::string order; std::getline(orders >> std::ws, order, ',');)
                if (order == name_of(lost)) return true;
        }
        return false;
    }

private:
    // Lines are numbered from one.
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

    std::vector<std::string> lines_;
};

}  // namespace mioco::relacy
