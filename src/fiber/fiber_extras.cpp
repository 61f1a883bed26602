// SPDX-License-Identifier: MPL-2.0
#include "fiber/fiber_extras.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <exception>
#include <mutex>
#include <new>
#include <utility>

#include "base/assert.hpp"
#include "base/lock.hpp"
#include "fiber/parking.hpp"
#include "fiber/stop_sources.hpp"

namespace mioco::detail {

namespace {

constexpr unsigned most_made_at_end = 1000;

// Held while a dump copies a name, and by who frees one. Many, as each end of a named fiber takes one.
struct alignas(64) name_lock {
    lock held_for_name;
};
constinit std::array<name_lock, 64> name_locks;

lock& name_lock_of(const fiber& f) noexcept {
    return name_locks[f.index % name_locks.size()].held_for_name;
}

[[noreturn]] void refuse_endless_end(const fiber& self) noexcept {
    std::fprintf(stderr,
                 "mioco: at the end of fiber %llu more than %u fiber-locals were made anew by the "
                 "destructors of others\n",
                 static_cast<unsigned long long>(self.number()), most_made_at_end);
    std::terminate();
}

}  // namespace

const char* fiber::name() const noexcept {
    const fiber_extras* const mine = extras.load(std::memory_order_relaxed);
    return mine == nullptr ? "" : mine->name();
}

fiber_extras& make_extras(std::string_view name) {
    void* const memory = ::operator new(sizeof(fiber_extras) + name.size() + 1);
    auto* const made = new (memory) fiber_extras;
    auto* const text = static_cast<char*>(memory) + sizeof(fiber_extras);
    if (!name.empty()) std::memcpy(text, name.data(), name.size());
    text[name.size()] = '\0';
    return *made;
}

void give_extras(fiber& f, std::string_view name, const shared_data* inherited) {
    const bool inherits = inherited != nullptr && *inherited;
    if (name.empty() && !inherits) return;
    fiber_extras& made = make_extras(name);
    if (inherits) made.own = made.of_children = *inherited;
    f.extras.store(&made, std::memory_order_release);
}

fiber_extras& needed_extras(fiber& self) {
    fiber_extras* mine = self.extras.load(std::memory_order_relaxed);
    if (mine != nullptr) return *mine;
    mine = &make_extras({});
    self.extras.store(mine, std::memory_order_release);
    return *mine;
}

void free_extras(fiber& f) noexcept {
    fiber_extras* freed = nullptr;
    {
        const std::scoped_lock held(name_lock_of(f));
        freed = f.extras.exchange(nullptr, std::memory_order_relaxed);
    }
    MIOCO_ASSERT(freed->newest_local == nullptr, "fiber-locals end before their fiber's block");
    freed->~fiber_extras();
    ::operator delete(freed);
}

void copy_name(const fiber& f, char* into, std::size_t room) noexcept {
    const std::scoped_lock held(name_lock_of(f));
    const fiber_extras* const extras = f.extras.load(std::memory_order_acquire);
    const std::string_view name = extras == nullptr ? "" : extras->name();
    const std::size_t size = std::min(name.size(), room - 1);
    std::memcpy(into, name.data(), size);
    into[size] = '\0';
}

namespace {

// A destructor may make further ones, which are then the newest.
void end_locals(fiber_extras& extras) noexcept {
    while (local_value* const newest = extras.newest_local) {
        extras.newest_local = newest->made_before;
        auto& slot = extras.slots[newest->index];
        if (slot.value == newest) slot = {};
        newest->destroy(*newest);
    }
}

}  // namespace

void end_locals_and_data(fiber& self) noexcept {
    const cancel_shield no_throwing;
    fiber_extras& extras = *self.extras.load(std::memory_order_relaxed);
    extras.is_ending = true;
    do {
        end_locals(extras);
        // Taken out first, as their destructors may ask for the data, too.
        const shared_data own = std::exchange(extras.own, {});
        const shared_data of_children = std::exchange(extras.of_children, {});
    } while (extras.newest_local != nullptr);
    if (!std::exchange(extras.has_stop_source, false)) return;
    // Whoever has asked may come to the token only now, when the fiber has seen the request and ended.
    if (self.cancel_requested()) tell_of_cancel(self.number());
    forget_stop_source(self.number());
}

namespace {

// Indices of keys that are gone.
struct key_indices {
    lock in_use;
    std::vector<std::uint32_t> free;
    std::uint32_t made = 0;
    std::uint64_t last_number = 0;
};

key_indices& all_keys() {
    static auto& lasting = *new key_indices;
    return lasting;
}

}  // namespace

local_key::local_key() {
    key_indices& keys = all_keys();
    const std::scoped_lock held(keys.in_use);
    if (keys.free.empty()) {
        keys.free.reserve(keys.made + 1);  // so that giving it back needs no memory
        index_ = keys.made++;
    } else {
        index_ = keys.free.back();
        keys.free.pop_back();
    }
    number_ = ++keys.last_number;
}

local_key::~local_key() {
    key_indices& keys = all_keys();
    const std::scoped_lock held(keys.in_use);
    keys.free.push_back(index_);
}

local_value* find_local(const local_key& key) noexcept {
    const fiber* const self = known_waiter();
    if (self == nullptr) return nullptr;
    const fiber_extras* const extras = self->extras.load(std::memory_order_relaxed);
    if (extras == nullptr || key.index() >= extras->slots.size()) return nullptr;
    const auto& slot = extras->slots[key.index()];
    return slot.number == key.number() ? slot.value : nullptr;
}

void keep_local(const local_key& key, local_value& made) {
    fiber& self = current_waiter();
    fiber_extras& extras = needed_extras(self);
    if (extras.is_ending && ++extras.made_at_end > most_made_at_end) refuse_endless_end(self);
    if (key.index() >= extras.slots.size()) extras.slots.resize(key.index() + 1);
    made.index = key.index();
    made.number = key.number();
    made.made_before = std::exchange(extras.newest_local, &made);
    extras.slots[key.index()] = {key.number(), &made};
}

}  // namespace mioco::detail
