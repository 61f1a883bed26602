// SPDX-License-Identifier: MPL-2.0
#include <mioco/backtrace.hpp>

#include <cstddef>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include <elfutils/libdwfl.h>
#include <link.h>
#include <unistd.h>

#include "source_places.hpp"

namespace mioco::backtrace {

namespace {

// What libdwfl looks up in more places if it may ask servers, which could take minutes.
int find_debug_file(Dwfl_Module* module, void** data, const char* name, Dwarf_Addr base,
                    const char* file, const char* link, GElf_Word checksum, char** found) {
    if (std::getenv("DEBUGINFOD_URLS") != nullptr)
        return dwfl_build_id_find_debuginfo(module, data, name, base, file, link, checksum, found);
    return dwfl_standard_find_debuginfo(module, data, name, base, file, link, checksum, found);
}

const Dwfl_Callbacks callbacks{.find_elf = &dwfl_linux_proc_find_elf,
                               .find_debuginfo = &find_debug_file,
                               .section_address = nullptr,
                               .debuginfo_path = nullptr};

/// How often files were mapped and unmapped so far.
struct load_counts {
    unsigned long long adds = 0;
    unsigned long long subs = 0;

    friend bool operator==(const load_counts&, const load_counts&) = default;
};

load_counts loads_so_far() {
    load_counts counts;
    dl_iterate_phdr(
        [](dl_phdr_info* first, std::size_t, void* into) {
            *static_cast<load_counts*>(into) = {first->dlpi_adds, first->dlpi_subs};
            return 1;
        },
        &counts);
    return counts;
}

class by_libdw final : public symbolizer {
public:
    by_libdw() : session_(dwfl_begin(&callbacks)) {
        if (session_ == nullptr)
            throw std::runtime_error(std::string("mioco: libdw cannot begin: ") + dwfl_errmsg(-1));
    }
    ~by_libdw() override { dwfl_end(session_); }
    by_libdw(const by_libdw&) = delete;
    by_libdw& operator=(const by_libdw&) = delete;

    std::vector<source_place> find(std::uintptr_t address) override {
        const std::scoped_lock held(guard_);
        look_at_files();
        Dwfl_Module* const module = dwfl_addrmodule(session_, address);
        if (module == nullptr) return {};
        return find_places(module, address);
    }

    // libdw decodes lines of 140 KB on its stack.
    [[nodiscard]] std::size_t stack_bytes() const noexcept override {
        return std::size_t{192} * 1024;
    }

private:
    // What has not changed is kept, with what was read of it.
    void look_at_files() {
        const load_counts now = loads_so_far();
        if (has_looked_ && now == seen_) return;
        dwfl_report_begin(session_);
        const int failed = dwfl_linux_proc_report(session_, getpid());
        dwfl_report_end(session_, nullptr, nullptr);
        seen_ = now;
        has_looked_ = failed == 0;
    }

    std::mutex guard_;  // libdw is for one thread at a time
    Dwfl* const session_;
    load_counts seen_;
    bool has_looked_ = false;
};

}  // namespace

std::shared_ptr<symbolizer> make_symbolizer() { return std::make_shared<by_libdw>(); }

}  // namespace mioco::backtrace
