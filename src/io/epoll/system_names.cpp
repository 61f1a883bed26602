// SPDX-License-Identifier: MPL-2.0
#include "io/epoll/system_names.hpp"

#include <cstring>
#include <exception>
#include <memory>

#include <netdb.h>

#include "base/sys.hpp"

namespace mioco::detail {

namespace {

// How failures of getaddrinfo and of system calls are told apart.
static_assert(EAI_NONAME < 0 && EAI_AGAIN < 0 && EAI_MEMORY < 0);

void collect(const addrinfo* first, std::vector<found_address>& into) {
    for (const addrinfo* each = first; each != nullptr; each = each->ai_next) {
        if (each->ai_family != AF_INET && each->ai_family != AF_INET6) continue;
        found_address& made = into.emplace_back();
        made.size = each->ai_addrlen;
        std::memcpy(&made.storage, each->ai_addr, each->ai_addrlen);
    }
}

const char* text_or_null(const std::string& text) noexcept {
    return text.empty() ? nullptr : text.c_str();
}

}  // namespace

int look_up_name(const name_query& what, std::vector<found_address>& found) noexcept {
    addrinfo hints{};
    hints.ai_family = what.family;
    hints.ai_socktype = what.type;
    addrinfo* first = nullptr;
    const int failure =
        sys::look_up(text_or_null(what.host), text_or_null(what.service), hints, first);
    if (failure != 0) return failure;
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(first, &sys::free_found);
    try {
        collect(first, found);
    } catch (const std::exception&) {
        return EAI_MEMORY;
    }
    return 0;
}

}  // namespace mioco::detail
