// SPDX-License-Identifier: MPL-2.0
//
// colerr [--color=WHEN] [--] command [argument...]
//
// Runs a command and shows its standard error in red, between its standard output, on standard output.

#include <cstdio>
#include <exception>
#include <optional>
#include <system_error>

#include "command.hpp"
#include "merge.hpp"
#include "options.hpp"

namespace {

// As a shell returns it, unless it was this process that lacked something.
int status_of_start_failure(const std::error_code& code) {
    constexpr int not_found = 127;
    constexpr int not_runnable = 126;
    if (code == std::errc::no_such_file_or_directory) return not_found;
    for (const std::errc lack :
         {std::errc::too_many_files_open, std::errc::too_many_files_open_in_system,
          std::errc::resource_unavailable_try_again, std::errc::not_enough_memory}) {
        if (code == lack) return colerr::own_failure;
    }
    return not_runnable;
}

int run(const colerr::options& wanted) {
    const sigset_t before = colerr::block_signals();
    std::optional<colerr::command> started;
    try {
        started.emplace(wanted.command, before);
    } catch (const std::system_error& e) {
        std::fprintf(stderr, "colerr: %s: %s\n", wanted.command.front().c_str(),
                     e.code().message().c_str());
        return status_of_start_failure(e.code());
    }
    const int status = mioco::run(mioco::config{}.workers(1), [&] {
        return colerr::show_until_end(*started, wanted.color, before);
    });
    return colerr::end_like(status);
}

}  // namespace

int main(int argc, char** argv) {
    int status = 0;
    const auto wanted = colerr::parse(argc, argv, status);
    if (!wanted) return status;
    try {
        return run(*wanted);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "colerr: %s\n", e.what());
        return colerr::own_failure;
    }
}
