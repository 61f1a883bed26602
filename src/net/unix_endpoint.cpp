// SPDX-License-Identifier: MPL-2.0
#include <mioco/net/unix_endpoint.hpp>

#include <algorithm>
#include <cstring>

namespace mioco::net {

namespace {

std::errc wrong_with_path(std::string_view path) noexcept {
    if (path.size() > unix_endpoint::longest_path) return std::errc::filename_too_long;
    if (path.empty() || path.find('\0') != std::string_view::npos)
        return std::errc::invalid_argument;
    return {};
}

[[noreturn]] void refuse(std::error_code why, const std::string& what) {
    std::string text = "mioco: " + what;
    if (why == std::errc::filename_too_long) {
        text += ", which is longer than the " + std::to_string(unix_endpoint::longest_path) +
                " bytes that an address has room for";
    }
    throw std::system_error(why, text);
}

std::error_code code_or_none(std::errc wrong) noexcept {
    return wrong == std::errc() ? std::error_code() : std::make_error_code(wrong);
}

}  // namespace

unix_endpoint::unix_endpoint() noexcept : address_{}, size_(offset) {
    address_.sun_family = AF_UNIX;
}

unix_endpoint::unix_endpoint(std::string_view path, std::error_code& ec) noexcept
    : unix_endpoint() {
    ec = code_or_none(wrong_with_path(path));
    if (ec) return;
    path.copy(address_.sun_path, path.size());
    size_ = static_cast<socklen_t>(offset + path.size() + 1);
}

unix_endpoint::unix_endpoint(std::string_view path) : unix_endpoint() {
    std::error_code ec;
    *this = unix_endpoint(path, ec);
    if (ec) refuse(ec, "the socket path \"" + std::string(path) + '"');
}

unix_endpoint::unix_endpoint(const sockaddr* address, socklen_t length) : unix_endpoint() {
    // Of an unnamed sender the kernel may tell nothing at all.
    if (length < sizeof address->sa_family) return;
    if (address->sa_family != AF_UNIX) {
        throw std::system_error(
            std::make_error_code(std::errc::address_family_not_supported),
            "mioco: a Unix endpoint is none of family " + std::to_string(address->sa_family));
    }
    size_ = std::min(length, socklen_t{sizeof address_});
    std::memcpy(&address_, address, size_);
}

unix_endpoint unix_endpoint::abstract(std::string_view name, std::error_code& ec) noexcept {
    unix_endpoint made;
    ec = code_or_none(name.size() > longest_name ? std::errc::filename_too_long : std::errc());
    if (ec) return made;
    name.copy(made.address_.sun_path + 1, name.size());
    made.size_ = static_cast<socklen_t>(offset + 1 + name.size());
    return made;
}

unix_endpoint unix_endpoint::abstract(std::string_view name) {
    std::error_code ec;
    const unix_endpoint made = abstract(name, ec);
    if (ec) refuse(ec, "the abstract socket name \"" + std::string(name) + '"');
    return made;
}

bool unix_endpoint::is_path() const noexcept {
    return !is_unnamed() && address_.sun_path[0] != '\0';
}

bool unix_endpoint::is_abstract() const noexcept {
    return !is_unnamed() && address_.sun_path[0] == '\0';
}

std::string_view unix_endpoint::path() const noexcept {
    if (!is_path()) return {};
    return {address_.sun_path, strnlen(address_.sun_path, size_ - offset)};
}

std::string_view unix_endpoint::abstract_name() const noexcept {
    if (!is_abstract()) return {};
    return {address_.sun_path + 1, size_ - offset - 1};
}

std::string unix_endpoint::to_string() const {
    if (is_unnamed()) return "(unnamed)";
    return is_path() ? std::string(path()) : '@' + std::string(abstract_name());
}

}  // namespace mioco::net
