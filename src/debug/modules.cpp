// SPDX-License-Identifier: MPL-2.0
#include "debug/modules.hpp"

#include <cstddef>
#include <cstring>
#include <span>

#include <link.h>
#include <unistd.h>

namespace mioco::detail {

namespace {

struct search {
    std::uintptr_t address;
    code_place* found;
};

// The program itself has no name in the list.
void copy_file(const char* name, char (&into)[256]) noexcept {
    if (name != nullptr && *name != '\0') {
        std::strncpy(into, name, sizeof into - 1);
        return;
    }
    const ssize_t size = readlink("/proc/self/exe", into, sizeof into - 1);
    into[size < 0 ? 0 : size] = '\0';
}

int visit(dl_phdr_info* module, std::size_t, void* argument) {
    auto& wanted = *static_cast<search*>(argument);
    for (const auto& segment : std::span(module->dlpi_phdr, module->dlpi_phnum)) {
        const std::uintptr_t begin = module->dlpi_addr + segment.p_vaddr;
        if (segment.p_type != PT_LOAD || wanted.address - begin >= segment.p_memsz) continue;
        copy_file(module->dlpi_name, wanted.found->file);
        wanted.found->offset = wanted.address - module->dlpi_addr;
        return 1;
    }
    return 0;
}

}  // namespace

code_place::code_place(std::uintptr_t address) noexcept : offset(address) {
    search wanted{address, this};
    dl_iterate_phdr(&visit, &wanted);
}

}  // namespace mioco::detail
