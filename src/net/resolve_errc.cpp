// SPDX-License-Identifier: MPL-2.0
#include <string>

#include <mioco/net/resolve.hpp>

namespace mioco::net {

namespace {

class category_of_resolve final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "mioco.resolve"; }
    [[nodiscard]] std::string message(int code) const override {
        switch (static_cast<resolve_errc>(code)) {
            case resolve_errc::not_found:
                return "no such host";
            case resolve_errc::no_address:
                return "the host has no address";
            case resolve_errc::no_such_family:
                return "the host has no address of that family";
            case resolve_errc::try_again:
                return "no name server answers now; try again later";
            case resolve_errc::failed:
                return "the name server cannot tell";
            case resolve_errc::unknown_service:
                return "no such service: give the port as a number";
            case resolve_errc::out_of_memory:
                return "out of memory";
        }
        return "getaddrinfo failed with error " + std::to_string(code);
    }
    [[nodiscard]] std::error_condition default_error_condition(int code) const noexcept override {
        if (static_cast<resolve_errc>(code) == resolve_errc::out_of_memory)
            return std::errc::not_enough_memory;
        return {code, *this};
    }
};

}  // namespace

const std::error_category& resolve_category() noexcept {
    static const category_of_resolve category;
    return category;
}

}  // namespace mioco::net
