// SPDX-License-Identifier: MPL-2.0
#include "runtime/runtime_list.hpp"

#include <algorithm>
#include <utility>

#include "runtime/runtime_core.hpp"

namespace mioco::detail {

constinit runtime_list existing_runtimes;

// With the least number that no other of its name has.
void runtime_list::add(runtime_core& made) {
    const std::scoped_lock held(lock_);
    const auto is_taken = [&](unsigned number) {
        for (const runtime_core* each = first_; each != nullptr; each = each->next_existing_) {
            if (each->namesake_ == number && each->settings().name == made.settings().name)
                return true;
        }
        return false;
    };
    while (is_taken(made.namesake_)) ++made.namesake_;
    made.next_existing_ = std::exchange(first_, &made);
}

void runtime_list::remove(runtime_core& ending) noexcept {
    const std::scoped_lock held(lock_);
    runtime_core** link = &first_;
    while (*link != &ending) link = &(*link)->next_existing_;
    *link = ending.next_existing_;
}

bool runtime_list::is_only_one(const runtime_core& asked) noexcept {
    const std::scoped_lock held(lock_);
    return first_ == &asked && asked.next_existing_ == nullptr;
}

std::vector<runtime_core*> runtime_list::all_of(const driver& io) {
    const std::scoped_lock held(lock_);
    std::vector<runtime_core*> all;
    for (runtime_core* each = first_; each != nullptr; each = each->next_existing_) {
        if (&each->io() == &io) all.push_back(each);
    }
    return all;
}

std::vector<runtime_metrics> runtime_list::metrics_of(const driver& io) {
    const std::scoped_lock held(lock_);
    std::vector<runtime_metrics> all;
    for (runtime_core* each = first_; each != nullptr; each = each->next_existing_) {
        if (&each->io() == &io) all.push_back(each->metrics());
    }
    std::ranges::reverse(all);
    return all;
}

bool runtime_list::contains(const runtime_core* asked) const noexcept {
    const runtime_core* each = first_;
    while (each != nullptr && each != asked) each = each->next_existing_;
    return each != nullptr;
}

}  // namespace mioco::detail
