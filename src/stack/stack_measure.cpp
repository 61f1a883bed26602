// SPDX-License-Identifier: MPL-2.0
#include "stack/stack_measure.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <new>

#include "base/lock.hpp"
#include "base/never_destroyed.hpp"
#include "base/racing.hpp"

namespace mioco::detail {

namespace {

constexpr std::uint64_t pattern = 0xb19d'3fa5'c6e2'7481;
constexpr std::size_t most_names = 1000;  // programs may number theirs
constexpr std::size_t most_name_bytes = 63;
constexpr std::string_view other_names = "(other names)";

struct all_records {
    lock guard;
    stack_records of_ended;
};

all_records& records() noexcept {
    static never_destroyed<all_records> made;
    return made.value;
}

std::uint64_t* words_of(std::byte* at) noexcept { return reinterpret_cast<std::uint64_t*>(at); }

// Where there is no memory for that, it is not counted.
void record(std::string_view name, std::size_t bytes) noexcept {
    all_records& all = records();
    const std::scoped_lock held(all.guard);
    try {
        add_record(all.of_ended, name, bytes);
    } catch (const std::bad_alloc&) {
        return;
    }
}

// What a former fiber's frames have left there is poisoned for sanitizers.
#if defined(__clang__)
[[clang::no_sanitize("address", "thread")]]
#else
[[gnu::no_sanitize("address", "thread")]]
#endif
void fill(volatile std::uint64_t* word, const std::uint64_t* end) noexcept {
    for (; word != end; ++word) *word = pattern;
}

}  // namespace

void begin_measuring(stack& fresh) noexcept {
    fill(words_of(fresh.bottom()), words_of(fresh.top()));
    // Who sees the kind sees what was filled.
    std::atomic_ref(fresh.kind.marks).store(fresh.kind.measured().marks, std::memory_order_release);
}

std::size_t deepest_use(const stack& measured) noexcept {
    const std::uint64_t* const top = words_of(measured.top());
    const std::uint64_t* word = words_of(measured.bottom());
    while (word != top && load_racing(*word) == pattern) ++word;
    return static_cast<std::size_t>(top - word) * sizeof *word;
}

stack finish_measuring(stack used, std::string_view name) noexcept {
    record(name, deepest_use(used));
    return {used.base, used.kind.not_measured()};
}

void stack_record::add(std::size_t bytes) noexcept {
    ++fibers;
    deepest_bytes = std::max(deepest_bytes, bytes);
}

void add_record(stack_records& into, std::string_view name, std::size_t bytes) {
    name = name.substr(0, most_name_bytes);
    auto found = into.find(name);
    if (found == into.end()) {
        const std::string_view key = into.size() < most_names ? name : other_names;
        found = into.try_emplace(std::string(key)).first;
    }
    found->second.add(bytes);
}

stack_records recorded_stacks() {
    all_records& all = records();
    const std::scoped_lock held(all.guard);
    return all.of_ended;
}

}  // namespace mioco::detail
