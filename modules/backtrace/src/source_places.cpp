// SPDX-License-Identifier: MPL-2.0
#include "source_places.hpp"

#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include <cxxabi.h>
#include <dwarf.h>

namespace mioco::backtrace {

namespace {

struct freed {
    void operator()(void* memory) const noexcept { std::free(memory); }
};

std::string readable(const char* symbol) {
    if (symbol == nullptr) return "";
    const std::unique_ptr<char, freed> name(abi::__cxa_demangle(symbol, nullptr, nullptr, nullptr));
    return name == nullptr ? symbol : name.get();
}

std::string name_of(Dwarf_Die& entry) {
    const char* const name = dwarf_diename(&entry);
    if (name != nullptr) return name;
    return dwarf_tag(&entry) == DW_TAG_namespace ? "(anonymous namespace)" : "";
}

// Where it was written, rather than where it was compiled into.
Dwarf_Die origin_of(Dwarf_Die entry) {
    for (const unsigned kind : {DW_AT_abstract_origin, DW_AT_specification}) {
        Dwarf_Attribute reference;
        Dwarf_Die origin;
        if (dwarf_attr(&entry, kind, &reference) != nullptr &&
            dwarf_formref_die(&reference, &origin) != nullptr)
            entry = origin;
    }
    return entry;
}

// With the namespaces, classes and functions that it is in.
std::string qualified_name_of(Dwarf_Die& entry) {
    Dwarf_Die origin = origin_of(entry);
    Dwarf_Die* around = nullptr;
    const int count = dwarf_getscopes_die(&origin, &around);
    const std::unique_ptr<Dwarf_Die, freed> owner(around);
    std::string name = name_of(entry);
    for (int i = 1; i < count; ++i) {
        const int kind = dwarf_tag(&around[i]);
        if (kind == DW_TAG_compile_unit || kind == DW_TAG_lexical_block) continue;
        const std::string outer = name_of(around[i]);
        if (!outer.empty()) name.insert(0, outer + "::");
    }
    return name;
}

// Empty for what other files cannot see.
std::string linkage_name_of(Dwarf_Die& entry) {
    for (const unsigned kind : {DW_AT_linkage_name, DW_AT_MIPS_linkage_name}) {
        Dwarf_Attribute found;
        if (dwarf_attr_integrate(&entry, kind, &found) != nullptr)
            return readable(dwarf_formstring(&found));
    }
    return "";
}

unsigned number_of(Dwarf_Die& entry, unsigned kind) {
    Dwarf_Attribute found;
    Dwarf_Word number = 0;
    if (dwarf_attr(&entry, kind, &found) == nullptr || dwarf_formudata(&found, &number) != 0)
        return 0;
    return static_cast<unsigned>(number);
}

// Files and lines without a function yet.
source_place line_at(Dwfl_Module* module, Dwarf_Addr address) {
    source_place place;
    Dwfl_Line* const line = dwfl_module_getsrc(module, address);
    int number = 0;
    const char* const file = line == nullptr
                                 ? nullptr
                                 : dwfl_lineinfo(line, nullptr, &number, nullptr, nullptr, nullptr);
    if (file != nullptr) place.file = file;
    place.line = static_cast<unsigned>(number);
    return place;
}

source_place line_of_call(Dwarf_Die& inlined, Dwarf_Die& unit) {
    source_place place;
    Dwarf_Files* files = nullptr;
    if (dwarf_getsrcfiles(&unit, &files, nullptr) == 0) {
        const char* const file =
            dwarf_filesrc(files, number_of(inlined, DW_AT_call_file), nullptr, nullptr);
        if (file != nullptr) place.file = file;
    }
    place.line = number_of(inlined, DW_AT_call_line);
    return place;
}

// The entries around an address, from the innermost on. libdw tells of an inlined function where it was written, so this asks
// what is around the innermost entry itself.
class scopes {
public:
    scopes(Dwarf_Die& unit, Dwarf_Addr address) {
        Dwarf_Die* written = nullptr;
        const int found = dwarf_getscopes(&unit, address, &written);
        const std::unique_ptr<Dwarf_Die, freed> owner(written);
        if (found <= 0) return;
        Dwarf_Die* around = nullptr;
        count_ = dwarf_getscopes_die(written, &around);
        around_.reset(around);
    }
    [[nodiscard]] std::span<Dwarf_Die> all() const {
        return {around_.get(), count_ > 0 ? static_cast<std::size_t>(count_) : 0};
    }

private:
    std::unique_ptr<Dwarf_Die, freed> around_;
    int count_ = 0;
};

}  // namespace

std::vector<source_place> find_places(Dwfl_Module* module, Dwarf_Addr address) {
    std::vector<source_place> places;
    source_place place = line_at(module, address);
    Dwarf_Addr bias = 0;
    if (Dwarf_Die* const unit = dwfl_module_addrdie(module, address, &bias)) {
        const scopes around(*unit, address - bias);
        for (Dwarf_Die& entry : around.all()) {
            const int kind = dwarf_tag(&entry);
            const bool is_inlined = kind == DW_TAG_inlined_subroutine;
            if (!is_inlined && kind != DW_TAG_subprogram) continue;
            place.function = linkage_name_of(entry);
            if (place.function.empty() && !is_inlined)
                place.function = readable(dwfl_module_addrname(module, address));
            if (place.function.empty()) place.function = qualified_name_of(entry);
            places.push_back(std::move(place));
            if (!is_inlined) return places;
            place = line_of_call(entry, *unit);
        }
    }
    place.function = readable(dwfl_module_addrname(module, address));
    if (!place.function.empty() || !place.file.empty()) places.push_back(std::move(place));
    return places;
}

}  // namespace mioco::backtrace
