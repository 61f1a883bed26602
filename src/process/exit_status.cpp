// SPDX-License-Identifier: MPL-2.0
#include <mioco/exit_status.hpp>

#include <cstring>

namespace mioco::process {

std::string exit_status::text() const {
    if (how_ == way::unknown) return "has not ended";
    if (how_ == way::exited) return "exited with " + std::to_string(number_);
    std::string text = "killed by signal " + std::to_string(number_);
    if (const char* const name = sigabbrev_np(number_)) text += " (SIG" + std::string(name) + ")";
    if (how_ == way::dumped) text += ", core dumped";
    return text;
}

}  // namespace mioco::process
