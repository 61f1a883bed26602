// SPDX-License-Identifier: MPL-2.0
#include <mioco/ares.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <ares.h>
#include <sys/time.h>

#include <mioco/async_fd.hpp>
#include <mioco/select.hpp>
#include <mioco/timer.hpp>

namespace mioco::ares {

namespace {

using clock = std::chrono::steady_clock;

[[noreturn]] void refuse(int status) {
    throw std::runtime_error(std::string("mioco: c-ares: ") + ares_strerror(status));
}

void begin_library() {
    static const int status = ares_library_init(ARES_LIB_INIT_ALL);
    if (status != ARES_SUCCESS) refuse(status);
}

std::error_code code_of(int status) noexcept {
    using net::resolve_errc;
    switch (status) {
        case ARES_SUCCESS:
            return {};
        case ARES_ENOTFOUND:
        case ARES_EBADNAME:
            return resolve_errc::not_found;
        case ARES_ENODATA:
            return resolve_errc::no_address;
        case ARES_EBADFAMILY:
            return resolve_errc::no_such_family;
        case ARES_ESERVICE:
            return resolve_errc::unknown_service;
        case ARES_ETIMEOUT:
        case ARES_ECONNREFUSED:
        case ARES_ESERVFAIL:
        case ARES_EREFUSED:
            return resolve_errc::try_again;
        case ARES_ENOMEM:
            return resolve_errc::out_of_memory;
        default:
            return resolve_errc::failed;
    }
}

int native(net::ip_family family) noexcept {
    if (family == net::ip_family::any) return AF_UNSPEC;
    return family == net::ip_family::v4 ? AF_INET : AF_INET6;
}

/// One lookup, with a channel of c-ares for itself: so no two callers share one.
class lookup {
public:
    explicit lookup(const options& wanted) {
        ares_options by{};
        by.sock_state_cb = &lookup::on_socket;
        by.sock_state_cb_data = this;
        int set = ARES_OPT_SOCK_STATE_CB;
        if (wanted.timeout.count() > 0) {
            by.timeout = static_cast<int>(wanted.timeout.count());
            set |= ARES_OPT_TIMEOUTMS;
        }
        if (wanted.tries > 0) {
            by.tries = wanted.tries;
            set |= ARES_OPT_TRIES;
        }
        if (const int status = ares_init_options(&channel_, &by, set); status != ARES_SUCCESS)
            refuse(status);
        if (wanted.servers.empty()) return;
        const int status = ares_set_servers_ports_csv(channel_, wanted.servers.c_str());
        if (status == ARES_SUCCESS) return;
        ares_destroy(channel_);
        refuse(status);
    }
    ~lookup() { ares_destroy(channel_); }
    lookup(const lookup&) = delete;
    lookup& operator=(const lookup&) = delete;

    std::vector<net::endpoint> run(const net::resolve_query& query, std::error_code& ec) {
        const bool streams = query.options.protocol == net::transport::tcp;
        ares_addrinfo_hints hints{};
        hints.ai_family = native(query.options.family);
        hints.ai_socktype = streams ? SOCK_STREAM : SOCK_DGRAM;
        // c-ares takes port 0 for no port at all.
        const bool has_port = query.service.find_first_not_of('0') != std::string::npos;
        ares_getaddrinfo(channel_, query.host.c_str(), has_port ? query.service.c_str() : nullptr,
                         &hints, &lookup::on_answer, this);
        while (!status_) {
            if (!wait(query.deadline)) {
                ec = std::make_error_code(std::errc::timed_out);
                return {};
            }
        }
        ec = code_of(*status_);
        return std::move(found_);
    }

private:
    struct socket {
        async_fd fd;
        bool read = false;
        bool write = false;
    };
    struct event {
        ares_socket_t read = ARES_SOCKET_BAD;
        ares_socket_t write = ARES_SOCKET_BAD;
    };

    // False at the deadline.
    bool wait(clock::time_point deadline) {
        const event what = next_event(std::min(deadline, next_timeout()));
        const bool is_late = what.read == ARES_SOCKET_BAD && what.write == ARES_SOCKET_BAD &&
                             timer().deadline() >= deadline;
        if (is_late) return false;
        ares_process_fd(channel_, what.read, what.write);
        return true;
    }

    [[nodiscard]] clock::time_point next_timeout() {
        timeval left{};
        if (ares_timeout(channel_, nullptr, &left) == nullptr) return clock::time_point::max();
        return timer(std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec))
            .deadline();
    }

    // Neither: the time has come.
    event next_event(clock::time_point until) {
        std::vector<any_case> cases;
        std::vector<event> events;
        for (const auto& [number, each] : sockets_) {
            if (each.read) {
                cases.emplace_back(each.fd.readable());
                events.push_back({.read = number, .write = ARES_SOCKET_BAD});
            }
            if (each.write) {
                cases.emplace_back(each.fd.writable());
                events.push_back({.read = ARES_SOCKET_BAD, .write = number});
            }
        }
        cases.emplace_back(at(until));
        events.emplace_back();
        return events[select(cases)];
    }

    // By c-ares: from then on it waits for that. Called from within its calls, and never while somebody waits.
    static void on_socket(void* self, ares_socket_t number, int read, int write) noexcept {
        auto& sockets = static_cast<lookup*>(self)->sockets_;
        if (read == 0 && write == 0) {
            sockets.erase(number);
            return;
        }
        const auto [place, is_new] = sockets.try_emplace(number);
        // Without a descriptor to watch it with it counts as ready.
        std::error_code ignored;
        if (is_new) place->second.fd = async_fd::borrow(number, ignored);
        place->second.read = read != 0;
        place->second.write = write != 0;
    }

    static void on_answer(void* self, int status, int, ares_addrinfo* all) noexcept {
        auto& mine = *static_cast<lookup*>(self);
        mine.status_ = status;
        if (all == nullptr) return;
        for (const ares_addrinfo_node* each = all->nodes; each != nullptr; each = each->ai_next) {
            if (each->ai_family == AF_INET || each->ai_family == AF_INET6)
                mine.found_.emplace_back(each->ai_addr, each->ai_addrlen);
        }
        ares_freeaddrinfo(all);
    }

    std::map<ares_socket_t, socket> sockets_;
    std::vector<net::endpoint> found_;
    std::optional<int> status_;
    ares_channel channel_ = nullptr;
};

class ares_resolver final : public net::resolver {
public:
    explicit ares_resolver(options wanted) : wanted_(std::move(wanted)) {}

    std::vector<net::endpoint> resolve(const net::resolve_query& query,
                                       std::error_code& ec) override {
        try {
            return lookup(wanted_).run(query, ec);
        } catch (const std::system_error& e) {
            if (e.code() == std::errc::timed_out) throw;  // a deadline of the caller's
            ec = net::resolve_errc::failed;
            return {};
        } catch (const std::runtime_error&) {
            ec = net::resolve_errc::failed;
            return {};
        }
    }

private:
    const options wanted_;
};

}  // namespace

std::shared_ptr<net::resolver> make_resolver(const options& wanted) {
    begin_library();
    const lookup tried(wanted);
    return std::make_shared<ares_resolver>(wanted);
}

}  // namespace mioco::ares
