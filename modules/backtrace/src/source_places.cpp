// SPDX-License-Identifier: MPL-2.0
#include "source_places.hpp"

#include <cstdlib>
#include <memory>
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

/// The compilation unit that an address is in, and how far the program lies from where that thinks it does.
struct unit {
    Dwarf_Die* entry = nullptr;
    Dwarf_Addr bias = 0;
};

// By the table for that, which Clang does not write, or else one by one.
unit unit_of(Dwfl_Module* module, Dwarf_Addr address) {
    unit found;
    found.entry = dwfl_module_addrdie(module, address, &found.bias);
    if (found.entry != nullptr) return found;
    do {
        found.entry = dwfl_module_nextcu(module, found.entry, &found.bias);
    } while (found.entry != nullptr && dwarf_haspc(found.entry, address - found.bias) <= 0);
    return found;
}

// File and line, without a function yet.
source_place line_at(const unit& in, Dwarf_Addr address) {
    source_place place;
    Dwarf_Line* const line = dwarf_getsrc_die(in.entry, address - in.bias);
    if (line == nullptr) return place;
    int number = 0;
    const char* const file = dwarf_linesrc(line, nullptr, nullptr);
    if (file != nullptr) place.file = file;
    if (dwarf_lineno(line, &number) == 0) place.line = static_cast<unsigned>(number);
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

bool is_function(int kind) noexcept {
    return kind == DW_TAG_subprogram || kind == DW_TAG_inlined_subroutine;
}

bool may_hold_functions(int kind) noexcept {
    switch (kind) {
        case DW_TAG_namespace:
        case DW_TAG_module:
        case DW_TAG_class_type:
        case DW_TAG_structure_type:
        case DW_TAG_union_type:
        case DW_TAG_lexical_block:
        case DW_TAG_try_block:
        case DW_TAG_catch_block:
            return true;
        default:
            return is_function(kind);
    }
}

// The functions around an address, the innermost first. False: none is in there. libdw's own search passes over all that is in a namespace or a
// local class, as those have no addresses.
bool find_functions(Dwarf_Die& in, Dwarf_Addr address, std::vector<Dwarf_Die>& found) {
    Dwarf_Die entry;
    if (dwarf_child(&in, &entry) != 0) return false;
    do {
        const int kind = dwarf_tag(&entry);
        if (!may_hold_functions(kind)) continue;
        const bool is_here = dwarf_haspc(&entry, address) > 0;
        const bool is_deeper = find_functions(entry, address, found);
        if (is_here && is_function(kind)) found.push_back(entry);
        if (is_here || is_deeper) return true;
    } while (dwarf_siblingof(&entry, &entry) == 0);
    return false;
}

}  // namespace

std::vector<source_place> find_places(Dwfl_Module* module, Dwarf_Addr address) {
    std::vector<source_place> places;
    source_place place;
    const unit in = unit_of(module, address);
    if (in.entry != nullptr) {
        place = line_at(in, address);
        std::vector<Dwarf_Die> functions;
        find_functions(*in.entry, address - in.bias, functions);
        for (Dwarf_Die& entry : functions) {
            const bool is_inlined = dwarf_tag(&entry) == DW_TAG_inlined_subroutine;
            place.function = linkage_name_of(entry);
            if (place.function.empty() && !is_inlined)
                place.function = readable(dwfl_module_addrname(module, address));
            if (place.function.empty()) place.function = qualified_name_of(entry);
            places.push_back(std::move(place));
            if (!is_inlined) return places;
            place = line_of_call(entry, *in.entry);
        }
    }
    place.function = readable(dwfl_module_addrname(module, address));
    if (!place.function.empty() || !place.file.empty()) places.push_back(std::move(place));
    return places;
}

}  // namespace mioco::backtrace
