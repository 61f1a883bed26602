// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <source_location>
#include <span>

#include "support/source_text.hpp"

// The memory orders of a text under test: where they are met, and which of them is weakened. docs/model-checking.md explains it.

namespace mioco::relacy {

enum class operation : std::uint8_t { load, store, exchange, fetch_add, fetch_sub, compare };

/// Which of the orders of one operation.
enum class position : std::uint8_t { only, on_failure, unwritten };

/// One memory order in the text.
struct order_site {
    unsigned line = 0;
    unsigned column = 0;
    operation what = operation::load;
    position where = position::only;
    std::memory_order order = std::memory_order_relaxed;
    std::uint64_t scenarios = 0;  // a bit for each that has met it

    [[nodiscard]] bool only_reads() const {
        return what == operation::load || where == position::on_failure;
    }
    [[nodiscard]] bool is_same_as(const order_site& other) const {
        return line == other.line && column == other.column && what == other.what &&
               where == other.where && order == other.order;
    }
};

inline const char* name_of(std::memory_order order) {
    switch (order) {
        case std::memory_order_relaxed:
            return "relaxed";
        case std::memory_order_consume:
            return "consume";
        case std::memory_order_acquire:
            return "acquire";
        case std::memory_order_release:
            return "release";
        case std::memory_order_acq_rel:
            return "acq_rel";
        default:
            return "seq_cst";
    }
}

/// What an order is without one of its effects.
struct weakening {
    std::memory_order lost;
    std::memory_order left;
};

/// The ways to weaken `order` by one step. Two at most; the rest is empty, and loses nothing.
inline std::array<weakening, 2> weakenings(const order_site& site, std::memory_order order) {
    constexpr auto relaxed = std::memory_order_relaxed;
    constexpr auto acquire = std::memory_order_acquire;
    constexpr auto release = std::memory_order_release;
    constexpr auto both = std::memory_order_acq_rel;
    constexpr auto total = std::memory_order_seq_cst;
    constexpr weakening none{relaxed, relaxed};
    if (order == total && site.only_reads()) return {{{total, acquire}, none}};
    if (order == total && site.what == operation::store) return {{{total, release}, none}};
    if (order == total) return {{{total, both}, none}};
    if (order == both) return {{{release, acquire}, {acquire, release}}};
    if (order == relaxed) return {{none, none}};
    return {{{order, relaxed}, none}};
}

/// All orders that are met in one file. It allocates nothing, as Relacy would take that for the scenario's.
class order_sites {
public:
    /// The file under test, as the end of its path. Forgets what was met.
    void begin(const char* file) {
        file_ = mioco_test::file_under_test(file);
        count_ = 0;
        weaken_none();
    }
    void begin_scenario(unsigned number) { scenario_ = std::uint64_t{1} << number; }

    void weaken(std::size_t site, std::memory_order to) {
        weakened_ = site;
        to_ = to;
    }
    void weaken_none() { weakened_ = most_sites; }

    /// The order to use in place of `order`.
    std::memory_order meet(const std::source_location& at, operation what, position where,
                           std::memory_order order) {
        if (order == std::memory_order_relaxed || !file_.is(at.file_name())) return order;
        const order_site met{at.line(), at.column(), what, where, order};
        std::size_t i = 0;
        while (i < count_ && !sites_[i].is_same_as(met)) ++i;
        if (i == most_sites) return order;
        if (i == count_) sites_[count_++] = met;
        sites_[i].scenarios |= scenario_;
        return i == weakened_ ? to_ : order;
    }

    [[nodiscard]] std::span<const order_site> all() const { return {sites_.data(), count_}; }
    [[nodiscard]] bool is_full() const { return count_ == most_sites; }
    /// Where the file lies; null if none of its orders was met.
    [[nodiscard]] const char* path() const { return file_.path(); }

private:
    static constexpr std::size_t most_sites = 64;

    mioco_test::file_under_test file_;
    std::array<order_site, most_sites> sites_;
    std::size_t count_ = 0;
    std::size_t weakened_ = most_sites;
    std::memory_order to_ = std::memory_order_relaxed;
    std::uint64_t scenario_ = 0;
};

inline order_sites sites;

}  // namespace mioco::relacy
