// SPDX-License-Identifier: MPL-2.0
#include <mioco/error.hpp>

#include <string>

namespace mioco {

namespace {

class mioco_category final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "mioco"; }
    [[nodiscard]] std::string message(int code) const override {
        switch (static_cast<errc>(code)) {
            case errc::end_of_stream:
                return "the end came before all bytes had";
            case errc::too_many_fibers:
                return "too many fibers";
            case errc::channel_closed:
                return "the channel is closed";
        }
        return "unknown error " + std::to_string(code);
    }
};

}  // namespace

const std::error_category& error_category() noexcept {
    static const mioco_category category;
    return category;
}

}  // namespace mioco
