// SPDX-License-Identifier: MPL-2.0
#include "net/look_up.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <mutex>
#include <utility>

#include <mioco/error.hpp>

#include "base/lock.hpp"
#include "base/never_destroyed.hpp"
#include "fiber/parking.hpp"
#include "io/driver.hpp"
#include "net/result.hpp"
#include "offload/detached_call.hpp"

namespace mioco::detail {

namespace {

struct current_resolver {
    lock guard;
    std::shared_ptr<net::resolver> by;
};
constinit never_destroyed<current_resolver> process_resolver;

std::shared_ptr<net::resolver> resolver_in_use() {
    const std::scoped_lock held(process_resolver.value.guard);
    return process_resolver.value.by;
}

int native(net::ip_family family) noexcept {
    if (family == net::ip_family::any) return AF_UNSPEC;
    return family == net::ip_family::v4 ? AF_INET : AF_INET6;
}

/// By the driver, which may block.
class driver_lookup final : public detached_call {
public:
    explicit driver_lookup(name_query what) : what_(std::move(what)), io_(current_driver()) {}

    void make() noexcept override { failure_ = io_.look_up(what_, found_); }

    // Once it has been made.
    [[nodiscard]] std::error_code failure() const noexcept {
        if (failure_ > 0) return code_of(-failure_);
        return failure_ == 0 ? std::error_code()
                             : std::error_code(failure_, net::resolve_category());
    }
    [[nodiscard]] std::vector<net::endpoint> found() const {
        std::vector<net::endpoint> made;
        made.reserve(found_.size());
        for (const found_address& each : found_)
            made.emplace_back(reinterpret_cast<const sockaddr*>(&each.storage), each.size);
        return made;
    }

private:
    const name_query what_;
    driver& io_;
    std::vector<found_address> found_;
    int failure_ = 0;
};

addresses ask_driver(const net::resolve_query& query, nanoseconds_t deadline) {
    using outcome = detached_call::outcome;
    const bool streams = query.options.protocol == net::transport::tcp;
    const auto call = std::make_shared<driver_lookup>(
        name_query{query.host, query.service, native(query.options.family),
                   streams ? SOCK_STREAM : SOCK_DGRAM});
    switch (detached_call::run(call, wait_reason::look_up, deadline)) {
        case outcome::done:
            break;
        case outcome::cancelled:
            return {{}, code_of(caller_interruption())};
        case outcome::timed_out:
            return {{}, code_of(-ETIMEDOUT)};
        case outcome::no_thread:
            return {{}, code_of(-EAGAIN)};
    }
    if (const std::error_code failure = call->failure()) return {{}, failure};
    return {call->found(), {}};
}

addresses ask_resolver(net::resolver& by, const net::resolve_query& query) {
    addresses made;
    try {
        made.found = by.resolve(query, made.failure);
    } catch (const fiber_cancelled&) {
        made.failure = code_of(-ECANCELED);
    } catch (const std::system_error&) {
        const int why = caller_interruption();
        if (why == 0) throw;
        made.failure = code_of(why);
    }
    return made;
}

addresses ask(host_name name, const net::resolve_options& options, nanoseconds_t deadline) {
    net::resolve_query query{std::move(name.host), std::move(name.service), options};
    const auto by = resolver_in_use();
    if (by == nullptr) return ask_driver(query, deadline);
    if (deadline != never) query.deadline = steady::time_point(std::chrono::nanoseconds(deadline));
    return ask_resolver(*by, query);
}

// At which the text of an error would end.
std::string without_zeros(std::string_view name) {
    std::string made;
    for (const char each : name) made += each == '\0' ? std::string("\\0") : std::string(1, each);
    return made;
}

// Each once, and of the family that is wanted.
void keep_wanted(std::vector<net::endpoint>& found, net::ip_family family) {
    std::vector<net::endpoint> kept;
    for (const net::endpoint& each : found) {
        if (family != net::ip_family::any && each.family() != native(family)) continue;
        if (std::ranges::find(kept, each) == kept.end()) kept.push_back(each);
    }
    found = std::move(kept);
}

}  // namespace

addresses look_up(std::string_view name, port_part port, const net::resolve_options& options,
                  nanoseconds_t deadline) {
    host_name parts = split_host(name, port);
    if (parts.wrong != nullptr) return {{}, code_of(-EINVAL), parts.wrong};
    addresses made;
    if (const auto numeric = numeric_endpoint(parts)) {
        made.found = {*numeric};
    } else {
        made = ask(std::move(parts), options, deadline);
        if (made.failure) return {{}, made.failure};
        if (made.found.empty()) return {{}, net::resolve_errc::no_address};
    }
    keep_wanted(made.found, options.family);
    if (made.found.empty()) made.failure = net::resolve_errc::no_such_family;
    return made;
}

void report_look_up(const addresses& got, std::string_view name, const std::string& what,
                    std::error_code* ec) {
    if (ec != nullptr) *ec = got.failure;
    if (ec != nullptr || !got.failure) return;
    const std::string quoted = '"' + without_zeros(name) + '"';
    if (got.wrong != nullptr)
        throw std::system_error(got.failure, "mioco: endpoint " + quoted + ": " + got.wrong);
    const std::string text = what + ' ' + quoted;
    if (got.failure.category() == std::system_category()) throw_failure(-got.failure.value(), text);
    throw std::system_error(got.failure, "mioco: " + text);
}

std::string text_of_last(const addresses& got, std::string_view name) {
    const std::string text = got.found.back().to_string();
    return text == name ? text : text + " (" + std::string(name) + ')';
}

std::vector<net::endpoint> resolve(std::string_view name, const net::resolve_options& options,
                                   nanoseconds_t deadline, std::error_code* ec) {
    addresses made = look_up(name, port_part::optional, options, deadline);
    report_look_up(made, name, "resolve", ec);
    return std::move(made.found);
}

}  // namespace mioco::detail

namespace mioco::net {

std::shared_ptr<resolver> set_resolver(std::shared_ptr<resolver> by) {
    auto& all = detail::process_resolver.value;
    const std::scoped_lock held(all.guard);
    return std::exchange(all.by, std::move(by));
}

}  // namespace mioco::net
