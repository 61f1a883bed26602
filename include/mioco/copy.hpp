// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <system_error>
#include <type_traits>

#include <mioco/detail/fd_ref.hpp>
#include <mioco/fs/file.hpp>
#include <mioco/net/leased_bytes.hpp>

namespace mioco {

/// What can be read from until a read of 0 bytes: a stream, a reading half or end, `async_fd`, `fs::file`, or a type of your own.
template <class T>
concept byte_source = requires(T& from, std::span<std::byte> into, std::error_code& ec) {
    { from.read(into, ec) } -> std::convertible_to<std::size_t>;
};

/// What takes bytes: a stream, a writing half or end, `async_fd`, `fs::file`, or a type of your own.
template <class T>
concept byte_sink = requires(T& to, std::span<const std::byte> from, std::error_code& ec) {
    { to.write_all(from, ec) } -> std::convertible_to<std::size_t>;
};

}  // namespace mioco

namespace mioco::detail {

/// Either end of a copy: `open` or `file` is set where the kernel may do it.
struct copy_end {
    void* object = nullptr;
    const fd_ref* open = nullptr;
    const fs::file* file = nullptr;
    std::size_t (*read)(void*, bytes, std::error_code&) = nullptr;
    net::leased_bytes (*read_lease)(void*, std::error_code&) = nullptr;  // if it lends
    std::size_t (*write_all)(void*, const_bytes, std::error_code&) = nullptr;
};

template <class T>
copy_end copy_end_of(T& end) {
    copy_end made;
    made.object = const_cast<std::remove_const_t<T>*>(std::addressof(end));  // `T` is cast back to
    if constexpr (std::same_as<T, fs::file>) {
        made.file = &end;
    } else if constexpr (requires { fd_access::of(end); }) {
        made.open = &fd_access::of(end);
    }
    return made;
}

template <class From>
copy_end copy_source(From& from) {
    copy_end made = copy_end_of(from);
    made.read = [](void* object, bytes into, std::error_code& ec) -> std::size_t {
        return static_cast<From*>(object)->read(into, ec);
    };
    if constexpr (requires(From& lender, std::error_code& ec) {
                      { lender.read_lease(ec) } -> std::same_as<net::leased_bytes>;
                  }) {
        made.read_lease = [](void* object, std::error_code& ec) {
            return static_cast<From*>(object)->read_lease(ec);
        };
    }
    return made;
}

template <class To>
copy_end copy_sink(To& to) {
    copy_end made = copy_end_of(to);
    made.write_all = [](void* object, const_bytes from, std::error_code& ec) -> std::size_t {
        return static_cast<To*>(object)->write_all(from, ec);
    };
    return made;
}

std::uint64_t copy_all(const copy_end& from, const copy_end& to, std::error_code* ec);

}  // namespace mioco::detail

namespace mioco {

/// Copies all that comes from `from`, up to its end, to `to`; returns how many bytes that was. Within the kernel where both ends allow it:
/// from a file anywhere, and between a pipe and a socket or another pipe; else through a buffer, which is lent between two stream sockets, so
/// that a copy that waits for more holds none. A fiber moves large parts between two stream sockets within the kernel too, through a pipe
/// that is there until small parts come: two descriptors each, and at most 128 such pipes in a process. `to` is left open: shut it down or destroy it to pass the end on.
///
/// Parks the fiber, or blocks the thread, until there is something, and until there is room. A cancellation point. Throws `io_error`,
/// whose `transferred` tells how many bytes `to` has taken. What was taken out of `from` but not into `to` by then is
/// lost: up to 64 KiB, or a lease (`net::leased_bytes::capacity_bytes`) from socket to socket; within the kernel up to 4 KiB if either is
/// a pipe, and nothing if `from` is a file. An end that is closed or moved from meanwhile is `EBADF`, and what was put in its place is left
/// alone. Nobody else may read from `from` meanwhile. The original's `std::io::copy`.
template <class From, class To>
    requires byte_source<std::remove_reference_t<From>> && byte_sink<std::remove_reference_t<To>>
std::uint64_t copy(From&& from, To&& to) {
    return detail::copy_all(detail::copy_source(from), detail::copy_sink(to), nullptr);
}
/// The same, with the error in `ec`; returns how many bytes `to` has taken, also when cancelled.
template <class From, class To>
    requires byte_source<std::remove_reference_t<From>> && byte_sink<std::remove_reference_t<To>>
std::uint64_t copy(From&& from, To&& to, std::error_code& ec) {
    return detail::copy_all(detail::copy_source(from), detail::copy_sink(to), &ec);
}

}  // namespace mioco
