// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// Names of hosts and services.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <netdb.h>

#include <mioco/detail/deadline.hpp>
#include <mioco/net/endpoint.hpp>

namespace mioco::net {

/// Why a name has no addresses: the `EAI_` values of `getaddrinfo(3)`.
enum class resolve_errc : std::int32_t {
    not_found = EAI_NONAME,           ///< There is no host of that name.
    no_address = EAI_NODATA,          ///< There is such a name, but it has no address.
    no_such_family = EAI_ADDRFAMILY,  ///< It has no address of the family that was asked for.
    try_again = EAI_AGAIN,            ///< No name server answers, for now.
    failed = EAI_FAIL,                ///< A name server answers that it cannot tell.
    unknown_service = EAI_SERVICE,    ///< What stands for the port is the name of no service.
    out_of_memory = EAI_MEMORY        ///< There was no memory to look it up.
};

/// The category of `resolve_errc`; its name is "mioco.resolve".
[[nodiscard]] const std::error_category& resolve_category() noexcept;

/// Makes `resolve_errc` usable where a `std::error_code` is expected.
[[nodiscard]] inline std::error_code make_error_code(resolve_errc e) noexcept {
    return {static_cast<int>(e), resolve_category()};
}

/// Of which kind addresses are to be.
enum class ip_family : std::uint8_t {
    any,  ///< Both.
    v4,   ///< IPv4.
    v6    ///< IPv6.
};

/// What a port belongs to: a service may have different ones.
enum class transport : std::uint8_t {
    tcp,  ///< Streams.
    udp   ///< Datagrams.
};

/// What is looked up.
struct resolve_options {
    /// Addresses of the other family are left out.
    ip_family family = ip_family::any;
    /// For services that are named.
    transport protocol = transport::tcp;
};

/// What a `resolver` is asked.
struct resolve_query {
    /// A name; addresses come here only with a service that is named.
    std::string host;
    /// A number from 0 to 65535, or the name of a service; empty for port 0.
    std::string service;
    /// What else the caller wants.
    resolve_options options;
    /// When the caller gives up.
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

/// What looks names up in place of the system, for those who derive from it: see `set_resolver`.
class resolver {
public:
    resolver() = default;
    virtual ~resolver() = default;
    resolver(const resolver&) = delete;
    resolver& operator=(const resolver&) = delete;

    /// The addresses, best first, with the port; or why there are none, in `ec`. Called by the fiber, or outside of fibers the thread,
    /// that wants them, by many at once. So it may wait as any code of a fiber may; what blocks it has to `offload`. It is to give up at the
    /// deadline of the query, with `std::errc::timed_out`. A `fiber_cancelled` may leave it.
    virtual std::vector<endpoint> resolve(const resolve_query& query, std::error_code& ec) = 0;
};

/// Has all names of the process looked up by `by` from the next call on, also those of simulations; null: by the system (or the simulation)
/// again. Returns who did it before. Calls that are under way go on with that one, and keep it alive. Any thread may do this at any
/// time; does not block.
std::shared_ptr<resolver> set_resolver(std::shared_ptr<resolver> by);

}  // namespace mioco::net

template <>
struct std::is_error_code_enum<mioco::net::resolve_errc> : std::true_type {};

namespace mioco::detail {
std::vector<net::endpoint> resolve(std::string_view name, const net::resolve_options& options,
                                   nanoseconds_t deadline, std::error_code* ec);
}  // namespace mioco::detail

namespace mioco::net {

/// The addresses of a host, best first, each once: "example.org", "example.org:80", "example.org:https", "[::1]:80", "127.0.0.1", "::1".
/// Without a port they have port 0.
///
/// The system looks names up, by `getaddrinfo(3)` and all that it is configured for (`/etc/hosts`, name servers), unless there
/// is a resolver (`set_resolver`). Inside a fiber that is done on the pool of threads that `offload` has, and the fiber is
/// parked; outside the thread blocks. An address with a numeric port needs nobody, and does not wait.
///
/// A cancellation point. A fiber that is cancelled leaves at once: what a thread has begun goes on without it, as nothing ends
/// `getaddrinfo`, and the runtime's end waits for that (with a name server that is silent that is some ten seconds, by resolv.conf(5)).
///
/// Errors are of `resolve_errc`, or of the system, and their text quotes the name: `std::errc::invalid_argument` if the name makes no sense,
/// `resource_unavailable_try_again` if no thread could be started. In the original names were not resolved.
inline std::vector<endpoint> resolve(std::string_view name, const resolve_options& options = {}) {
    return detail::resolve(name, options, detail::never, nullptr);
}
/// The same, with the error in `ec` and no address returned.
inline std::vector<endpoint> resolve(std::string_view name, const resolve_options& options,
                                     std::error_code& ec) {
    return detail::resolve(name, options, detail::never, &ec);
}
/// The same, of any family.
inline std::vector<endpoint> resolve(std::string_view name, std::error_code& ec) {
    return resolve(name, {}, ec);
}

/// The same within a time: `std::errc::timed_out` is the error when that has passed. Outside of fibers a lookup by the system cannot be left,
/// and takes as long as it takes.
template <class Rep, class Period>
std::vector<endpoint> resolve_for(std::string_view name,
                                  const std::chrono::duration<Rep, Period>& limit,
                                  const resolve_options& options = {}) {
    return detail::resolve(name, options, detail::deadline_in(limit), nullptr);
}
/// The same, with the error in `ec`.
template <class Rep, class Period>
std::vector<endpoint> resolve_for(std::string_view name,
                                  const std::chrono::duration<Rep, Period>& limit,
                                  const resolve_options& options, std::error_code& ec) {
    return detail::resolve(name, options, detail::deadline_in(limit), &ec);
}
/// The same, of any family.
template <class Rep, class Period>
std::vector<endpoint> resolve_for(std::string_view name,
                                  const std::chrono::duration<Rep, Period>& limit,
                                  std::error_code& ec) {
    return resolve_for(name, limit, {}, ec);
}

}  // namespace mioco::net
