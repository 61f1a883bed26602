// SPDX-License-Identifier: MPL-2.0
#include "process/environment.hpp"

#include <algorithm>
#include <string_view>

#include <unistd.h>

namespace mioco::detail {

namespace {

std::vector<std::string> own_environment() {
    std::vector<std::string> texts;
    for (char** each = environ; each != nullptr && *each != nullptr; ++each)
        texts.emplace_back(*each);
    return texts;
}

}  // namespace

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (std::string& each : texts) pointers.push_back(each.data());
    pointers.push_back(nullptr);
    return pointers;
}

std::vector<std::string> environment_of(const process::options& how) {
    std::vector<std::string> texts = how.environment ? *how.environment : own_environment();
    const auto is_changed = [&how](const std::string& text) {
        return how.variables.contains(text.substr(0, text.find('=')));
    };
    std::erase_if(texts, is_changed);
    for (const auto& [name, value] : how.variables) {
        if (value) texts.push_back(name + "=" + *value);
    }
    return texts;
}

bool is_variable_name(const std::string& name) noexcept {
    return !name.empty() && name.find('=') == std::string::npos;
}

}  // namespace mioco::detail
