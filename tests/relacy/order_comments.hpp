// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <regex>
#include <sstream>
#include <string>

#include "relacy/orders.hpp"
#include "support/source_text.hpp"

// What a source under test says of its orders:
//
//     // needs no ORDER: REASON                  in the line of the operation, or above its statement
//     // needs no ORDER, ORDER: REASON           so do several
//     // needs no ORDER on failure: REASON       the second order of a compare_exchange
//     // untested ORDER: REASON                  it is needed, but Relacy cannot show that

namespace mioco::relacy {

/// How many orders it names, but for relaxed ones.
inline std::size_t count_of_orders(const mioco_test::source_text& text) {
    static const std::regex order("memory_order_(acquire|release|acq_rel|seq_cst)");
    return text.count(order);
}

/// Whether a comment says that the operation needs no `lost`.
inline bool excuses(const mioco_test::source_text& text, const order_site& site,
                    std::memory_order lost) {
    static const std::regex excuse(
        "(?:needs no|untested) ([a-z_]+(?:, [a-z_]+)*)( on failure)?: \\S");
    const std::string said = text.comments_at(site.line);
    for (std::sregex_iterator each(said.begin(), said.end(), excuse), end; each != end; ++each) {
        const bool on_failure = (*each)[2].matched;
        if (on_failure != (site.where == position::on_failure)) continue;
        std::istringstream orders((*each)[1].str());
        for (std::string order; std::getline(orders >> std::ws, order, ',');)
            if (order == name_of(lost)) return true;
    }
    return false;
}

}  // namespace mioco::relacy
