// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <system_error>

#include <mioco/detail/socket_io.hpp>

namespace mioco::detail {

struct device_transfer;  // read(2) and write(2), as the descriptor's kind allows

// What depends on the kind; the rest is as for sockets and pipes.
template <>
ssize_t stream_calls<device_transfer>::receive(const fd_ref& fd, bytes into);
template <>
ssize_t stream_calls<device_transfer>::send_first(const fd_ref& fd, const_bytes from);
template <>
ssize_t stream_calls<device_transfer>::send_again(const fd_ref& fd, const_bytes from,
                                                  ssize_t first);
template <>
leased stream_calls<device_transfer>::receive_leased(const fd_ref& fd);
template <>
std::size_t stream_calls<device_transfer>::readv(const fd_ref& fd, std::span<const iovec> into,
                                                 std::error_code* ec);
template <>
std::size_t stream_calls<device_transfer>::writev(const fd_ref& fd, std::span<const iovec> from,
                                                  std::error_code* ec);
template <>
std::optional<std::size_t> stream_calls<device_transfer>::try_read(const fd_ref& fd, bytes into,
                                                                   std::error_code* ec);
template <>
std::optional<std::size_t> stream_calls<device_transfer>::try_write(const fd_ref& fd,
                                                                    const_bytes from,
                                                                    std::error_code* ec);
extern template struct stream_calls<device_transfer>;

fd_ref async_adopt(int fd, std::error_code* ec);
fd_ref async_borrow(int fd, std::error_code* ec);
fd_ref standard_stream(int number, std::error_code* ec);
/// Makes its open file blocking again if it was so before and this is not closed.
void async_restore(const fd_ref& fd) noexcept;
/// The same, after it was closed here. `lent` is the descriptor in whose place it is used, or -1.
void async_close(const fd_ref& fd, int lent) noexcept;
/// Releases and closes one that is used in a lent one's place. Whether there was no failure, which `ec` tells.
bool async_end_loan(fd_ref& fd, std::error_code* ec);

}  // namespace mioco::detail
