// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <functional>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include <mioco/net/resolve.hpp>

namespace mioco_test {

/// While it lives, all names of the process are looked up by a function.
class names_by {
public:
    using function = std::function<std::vector<mioco::net::endpoint>(
        const mioco::net::resolve_query&, std::error_code&)>;

    explicit names_by(function answer)
        : before_(mioco::net::set_resolver(std::make_shared<by_function>(std::move(answer)))) {}
    /// The same addresses for each name.
    explicit names_by(std::vector<mioco::net::endpoint> always)
        : names_by([always = std::move(always)](const auto&, std::error_code&) { return always; }) {
    }
    ~names_by() { mioco::net::set_resolver(before_); }
    names_by(const names_by&) = delete;
    names_by& operator=(const names_by&) = delete;

private:
    class by_function final : public mioco::net::resolver {
    public:
        explicit by_function(function answer) : answer_(std::move(answer)) {}
        std::vector<mioco::net::endpoint> resolve(const mioco::net::resolve_query& query,
                                                  std::error_code& ec) override {
            return answer_(query, ec);
        }

    private:
        const function answer_;
    };

    std::shared_ptr<mioco::net::resolver> before_;
};

}  // namespace mioco_test
