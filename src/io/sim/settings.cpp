// SPDX-License-Identifier: MPL-2.0
#include "io/sim/settings.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>

namespace mioco::detail::sim {

namespace {

template <class Value>
[[noreturn]] void refuse(const char* name, const Value& value, const char* allowed) {
    std::ostringstream text;
    text << "mioco: simulation: " << name << " = " << value << ": allowed is " << allowed;
    throw std::invalid_argument(text.str());
}

void check_rate(const char* name, double rate) {
    if (!(rate >= 0 && rate <= 1)) refuse(name, rate, "0 (never) to 1 (always)");
}

// With 1 nothing would ever get on.
void check_retried_rate(const char* name, double rate) {
    if (!(rate >= 0 && rate < 1)) refuse(name, rate, "0 (never) to less than 1");
}

void check_range(const char* name, const latency_range& range) {
    if (range.least.count() < 0 || range.least > range.most) {
        std::ostringstream text;
        text << range.least.count() << " ns to " << range.most.count() << " ns";
        refuse(name, text.str(), "a range from 0 on");
    }
}

void check_faults(const fault_rates& faults) {
    check_rate("faults.short_read", faults.short_read);
    check_rate("faults.short_write", faults.short_write);
    check_retried_rate("faults.again", faults.again);
    check_retried_rate("faults.interrupted", faults.interrupted);
    check_rate("faults.reset", faults.reset);
    check_rate("faults.failed_connect", faults.failed_connect);
    check_rate("faults.failed_lookup", faults.failed_lookup);
    check_rate("faults.lost", faults.lost);
    check_rate("faults.duplicated", faults.duplicated);
    check_rate("faults.reordered", faults.reordered);
    check_rate("faults.disk_error", faults.disk_error);
    check_rate("faults.no_space", faults.no_space);
    check_rate("faults.spurious_event", faults.spurious_event);
}

void check_hosts(const std::vector<std::string>& hosts) {
    if (hosts.empty()) refuse("hosts", "none", "one at least");
    for (auto each = hosts.begin(); each != hosts.end(); ++each) {
        if (each->empty()) refuse("hosts", "\"\"", "a name");
        if (std::find(hosts.begin(), each, *each) != each)
            refuse("hosts", '"' + *each + "\" twice", "each name once");
    }
}

}  // namespace

void check(const settings& wanted) {
    check_hosts(wanted.hosts);
    check_range("latency", wanted.latency);
    check_range("local_latency", wanted.local_latency);
    check_range("lookup_latency", wanted.lookup_latency);
    if (!(wanted.bytes_per_second >= 0) || std::isinf(wanted.bytes_per_second))
        refuse("bytes_per_second", wanted.bytes_per_second, "0 (unbounded) or more");
    check_faults(wanted.faults);
    if (wanted.time_of_look.count() < 0)
        refuse("time_of_look", wanted.time_of_look.count(), "0 ns or more");
    if (wanted.time_limit.count() <= 0)
        refuse("time_limit", wanted.time_limit.count(), "more than 0 ns");
    if (wanted.connect_timeout.count() <= 0)
        refuse("connect_timeout", wanted.connect_timeout.count(), "more than 0 ns");
    if (wanted.give_up_after.count() <= 0)
        refuse("give_up_after", wanted.give_up_after.count(), "more than 0 ns");
    constexpr std::size_t least_buffer = 4096;
    if (wanted.send_buffer_bytes < least_buffer)
        refuse("send_buffer_bytes", wanted.send_buffer_bytes, "4096 or more");
    if (wanted.receive_buffer_bytes < least_buffer)
        refuse("receive_buffer_bytes", wanted.receive_buffer_bytes, "4096 or more");
    if (wanted.pipe_bytes == 0 || wanted.pipe_bytes % 4096 != 0)
        refuse("pipe_bytes", wanted.pipe_bytes, "a multiple of 4096");
    if (wanted.longest_backlog < 0) refuse("longest_backlog", wanted.longest_backlog, "0 or more");
    if (wanted.most_descriptors == 0) refuse("most_descriptors", 0, "1 or more");
}

}  // namespace mioco::detail::sim
