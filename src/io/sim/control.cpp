// SPDX-License-Identifier: MPL-2.0
#include "io/sim/control.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace mioco::detail::sim {

namespace {

constexpr std::size_t most_files = 253;  // SCM_MAX_FD of the kernel

int read_rights(const cmsghdr& header, const descriptor_table& open, outgoing& into) {
    const std::size_t count = (header.cmsg_len - CMSG_LEN(0)) / sizeof(int);
    if (into.files.size() + count > most_files) return -EINVAL;
    for (std::size_t i = 0; i < count; ++i) {
        int number = -1;
        std::memcpy(&number, CMSG_DATA(&header) + i * sizeof number, sizeof number);
        if (open.find(number) == nullptr) return -EBADF;
        into.files.push_back(open.share(number));
    }
    return 0;
}

/// Puts one piece after the other into a message's room.
class control_writer {
public:
    explicit control_writer(msghdr& message)
        : message_(message),
          at_(static_cast<std::byte*>(message.msg_control)),
          left_(message.msg_control == nullptr ? 0 : message.msg_controllen) {}
    ~control_writer() {
        message_.msg_controllen =
            at_ == nullptr
                ? 0
                : static_cast<std::size_t>(at_ - static_cast<std::byte*>(message_.msg_control));
    }
    control_writer(const control_writer&) = delete;
    control_writer& operator=(const control_writer&) = delete;

    /// Of how many bytes there is room for.
    [[nodiscard]] std::size_t room() const noexcept {
        return left_ < CMSG_LEN(0) ? 0 : left_ - CMSG_LEN(0);
    }
    void put(int type, const void* data, std::size_t size) noexcept {
        cmsghdr header{};
        header.cmsg_len = CMSG_LEN(size);
        header.cmsg_level = SOL_SOCKET;
        header.cmsg_type = type;
        std::memcpy(at_, &header, sizeof header);
        std::memcpy(at_ + CMSG_LEN(0), data, size);
        const std::size_t used = std::min<std::size_t>(CMSG_SPACE(size), left_);
        at_ += used;
        left_ -= used;
    }

private:
    msghdr& message_;
    std::byte* at_;
    std::size_t left_;
};

}  // namespace

int read_control(const msghdr& message, const descriptor_table& open, outgoing& into) {
    if (message.msg_control == nullptr) return 0;
    auto& all = const_cast<msghdr&>(message);
    for (cmsghdr* header = CMSG_FIRSTHDR(&all); header != nullptr;
         header = CMSG_NXTHDR(&all, header)) {
        const auto* const end =
            static_cast<const std::byte*>(message.msg_control) + message.msg_controllen;
        if (header->cmsg_len < CMSG_LEN(0) ||
            reinterpret_cast<const std::byte*>(header) + header->cmsg_len > end)
            return -EINVAL;
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        if (const int failure = read_rights(*header, open, into); failure < 0) return failure;
    }
    return 0;
}

void write_control(incoming& from, descriptor_table& open, host_id host, msghdr& message) {
    control_writer control(message);
    if (from.sender) {
        if (control.room() >= sizeof *from.sender) {
            control.put(SCM_CREDENTIALS, &*from.sender, sizeof *from.sender);
        } else {
            message.msg_flags |= MSG_CTRUNC;
        }
    }
    if (from.files.empty()) return;
    std::vector<int> numbers;
    for (file_ref& each : from.files) {
        if ((numbers.size() + 1) * sizeof(int) > control.room()) break;
        const int number = open.add(std::move(each), host);
        if (number < 0) break;
        numbers.push_back(number);
    }
    if (numbers.size() < from.files.size()) message.msg_flags |= MSG_CTRUNC;
    if (!numbers.empty()) control.put(SCM_RIGHTS, numbers.data(), numbers.size() * sizeof(int));
    from.files.clear();
}

}  // namespace mioco::detail::sim
