// SPDX-License-Identifier: MPL-2.0
#include "net/result.hpp"

#include <utility>

#include "base/cure.hpp"
#include "fiber/parking.hpp"

namespace mioco::detail {

void throw_failure(int failure, const std::string& what, std::optional<std::string> cure) {
    throw_if_cancel(failure);
    throw std::system_error(code_of(failure), "mioco: " + what + deadline_text(failure) +
                                                  (cure ? *cure : cure_of(failure)));
}

void report(int result, const std::string& what, std::error_code* ec,
            std::optional<std::string> cure) {
    if (result < 0 && ec == nullptr) throw_failure(result, what, std::move(cure));
    if (ec != nullptr) *ec = result < 0 ? code_of(result) : std::error_code();
}

std::size_t fail(ssize_t failure, const char* what, std::error_code* ec) {
    if (ec == nullptr) throw_failure(static_cast<int>(failure), what);
    *ec = code_of(static_cast<int>(failure));
    return 0;
}

}  // namespace mioco::detail
