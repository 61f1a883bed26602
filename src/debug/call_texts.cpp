// SPDX-License-Identifier: MPL-2.0
#include "debug/call_texts.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include <cxxabi.h>
#include <dlfcn.h>

#include "base/lock.hpp"
#include "base/never_destroyed.hpp"
#include "debug/modules.hpp"
#include "fiber/fiber.hpp"
#include "sched/current.hpp"

namespace mioco::detail {

namespace {

constexpr std::size_t most_name_bytes = 200;  // of a function; those of templates have thousands
constexpr std::size_t most_known = 10'000;

struct current_symbolizer {
    lock guard;
    std::shared_ptr<symbolizer> by;
};
constinit never_destroyed<current_symbolizer> process_symbolizer;

std::shared_ptr<symbolizer> symbolizer_in_use() noexcept {
    const std::scoped_lock held(process_symbolizer.value.guard);
    return process_symbolizer.value.by;
}

// A thread is taken to have enough.
bool has_stack_left(std::size_t bytes) noexcept {
    const fiber* const self = current_fiber();
    if (self == nullptr) return true;
    const auto* const here = static_cast<const std::byte*>(__builtin_frame_address(0));
    return here < self->memory.bottom() || here >= self->memory.top() ||
           here - self->memory.bottom() > static_cast<std::ptrdiff_t>(bytes);
}

// The demangler has two components of 32 bytes for each character on its stack, and recurses.
std::string readable(const char* symbol) {
    constexpr std::size_t fixed = std::size_t{8} * 1024;
    if (!has_stack_left(fixed + 96 * std::strlen(symbol))) return symbol;
    char* const name = abi::__cxa_demangle(symbol, nullptr, nullptr, nullptr);
    if (name == nullptr) return symbol;
    const std::unique_ptr<char, void (*)(void*)> owner(name, &std::free);
    return name;
}

std::string shortened(std::string name) {
    if (name.size() > most_name_bytes) name.replace(most_name_bytes, std::string::npos, "...");
    return name;
}

std::string hexadecimal(std::uintptr_t number) {
    char text[32];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(number));
    return text;
}

std::string text_of_place(const code_place& place) {
    const std::string file = place.file;
    return (file.empty() ? "    " : "    " + file + '+') + hexadecimal(place.offset);
}

// Of what the loader knows: names that are hidden are not among it.
std::string text_of_symbol(std::uintptr_t address) {
    Dl_info found{};
    if (dladdr(reinterpret_cast<const void*>(address), &found) == 0 || found.dli_sname == nullptr)
        return "";
    return ' ' + shortened(readable(found.dli_sname)) + '+' +
           hexadecimal(address - reinterpret_cast<std::uintptr_t>(found.dli_saddr));
}

std::string text_of_places(const std::vector<source_place>& places) {
    std::string text;
    for (const source_place& each : places) {
        if (!text.empty()) text += "\n        inlined into";
        text += ' ' + (each.function.empty() ? "?" : shortened(each.function));
        if (!each.file.empty()) text += " at " + each.file;
        if (!each.file.empty() && each.line != 0) text += ':' + std::to_string(each.line);
    }
    return text;
}

std::vector<source_place> ask(symbolizer& by, std::uintptr_t address) noexcept {
    try {
        return by.find(address);
    } catch (...) {
        return {};
    }
}

}  // namespace

call_texts::call_texts() noexcept : by_(symbolizer_in_use()) {}

std::string call_texts::make(std::uintptr_t address) {
    std::vector<source_place> places;
    if (by_ != nullptr && has_stack_left(by_->stack_bytes())) places = ask(*by_, address);
    const std::string name = places.empty() ? text_of_symbol(address) : text_of_places(places);
    const code_place place(address);
    if (place.file[0] != '\0') has_names_[place.file] |= !name.empty();
    return text_of_place(place) + name + '\n';
}

// Null: there is no memory for it.
const std::string* call_texts::text_of(std::uintptr_t address) noexcept {
    try {
        const auto known = known_.find(address);
        if (known != known_.end()) return &known->second;
        if (known_.size() == most_known) known_.clear();
        return &known_.emplace(address, make(address)).first->second;
    } catch (...) {
        return nullptr;
    }
}

void call_texts::put_hint(dump_sink& into) const {
    if (by_ != nullptr ||
        std::ranges::all_of(has_names_, [](const auto& file) { return file.second; }))
        return;
    into.put(
        "mioco: calls without a name: link the program with -rdynamic, or for all names and lines "
        "call mioco::set_symbolizer(mioco::backtrace::make_symbolizer())\n");
}

void call_texts::put(dump_sink& into, std::uintptr_t address) {
    const std::string* const text = text_of(address);
    if (text != nullptr) return into.put(*text);
    char plain[64];
    const int size = std::snprintf(plain, sizeof plain, "    0x%llx\n",
                                   static_cast<unsigned long long>(address));
    into.put({plain, static_cast<std::size_t>(size)});
}

}  // namespace mioco::detail

namespace mioco {

std::shared_ptr<symbolizer> set_symbolizer(std::shared_ptr<symbolizer> by) {
    auto& all = detail::process_symbolizer.value;
    const std::scoped_lock held(all.guard);
    return std::exchange(all.by, std::move(by));
}

}  // namespace mioco
