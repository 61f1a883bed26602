// SPDX-License-Identifier: MPL-2.0
#include <array>
#include <cstddef>
#include <sstream>

#include "fuzz/program.hpp"

// A program as text, for whoever has to find out what it does.

namespace mioco_fuzz {

namespace {

struct act_text {
    const char* name;
    kind of;
    const char* unit;  // of the amount, if it has one
};

// In the order of `act`.
constexpr act_text acts[] = {
    {"yield", kind::none, nullptr},
    {"sleep", kind::none, " us"},
    {"sleep_until", kind::none, " us"},
    {"tick", kind::none, " us"},
    {"send", kind::channel, nullptr},
    {"try_send", kind::channel, nullptr},
    {"send_for", kind::channel, " us"},
    {"send_until", kind::channel, " us"},
    {"receive", kind::channel, nullptr},
    {"try_receive", kind::channel, nullptr},
    {"receive_for", kind::channel, " us"},
    {"receive_until", kind::channel, " us"},
    {"receive_all", kind::channel, nullptr},
    {"close_channel", kind::channel, nullptr},
    {"drop_senders", kind::channel, nullptr},
    {"drop_receivers", kind::channel, nullptr},
    {"send_once", kind::oneshot, nullptr},
    {"receive_once", kind::oneshot, nullptr},
    {"receive_once_for", kind::oneshot, " us"},
    {"drop_once", kind::oneshot, nullptr},
    {"broadcast", kind::news, nullptr},
    {"hear", kind::news, nullptr},
    {"try_hear", kind::news, nullptr},
    {"hear_for", kind::news, " us"},
    {"set_watch", kind::watch, nullptr},
    {"get_watch", kind::watch, nullptr},
    {"await_watch", kind::watch, nullptr},
    {"lock", kind::mutex, nullptr},
    {"try_lock", kind::mutex, nullptr},
    {"lock_for", kind::mutex, " us"},
    {"lock_until", kind::mutex, " us"},
    {"write_lock", kind::shared_mutex, nullptr},
    {"try_write_lock", kind::shared_mutex, nullptr},
    {"write_lock_for", kind::shared_mutex, " us"},
    {"read_lock", kind::shared_mutex, nullptr},
    {"try_read_lock", kind::shared_mutex, nullptr},
    {"read_lock_for", kind::shared_mutex, " us"},
    {"acquire", kind::semaphore, nullptr},
    {"try_acquire", kind::semaphore, nullptr},
    {"acquire_for", kind::semaphore, " us"},
    {"call_once", kind::once, nullptr},
    {"release_permit", kind::semaphore, nullptr},
    {"take_permit", kind::semaphore, nullptr},
    {"take_permit_for", kind::semaphore, " us"},
    {"add_ticket", kind::tickets, nullptr},
    {"add_ticket_for_all", kind::tickets, nullptr},
    {"take_ticket", kind::tickets, nullptr},
    {"take_ticket_for", kind::tickets, " us"},
    {"notify_event", kind::event, nullptr},
    {"reset_event", kind::event, nullptr},
    {"wait_event", kind::event, nullptr},
    {"wait_event_for", kind::event, " us"},
    {"try_event", kind::event, nullptr},
    {"count_down", kind::latch, nullptr},
    {"wait_latch", kind::latch, nullptr},
    {"add_to_group", kind::group, nullptr},
    {"done_in_group", kind::group, nullptr},
    {"wait_group", kind::group, nullptr},
    {"wait_group_for", kind::group, " us"},
    {"meet", kind::barrier, nullptr},
    {"arrive_and_drop", kind::barrier, nullptr},
    {"write_all", kind::stream, " bytes"},
    {"write_some", kind::stream, " bytes"},
    {"try_write", kind::stream, " bytes"},
    {"read_exactly", kind::stream, " bytes"},
    {"read_some", kind::stream, " bytes"},
    {"try_read", kind::stream, " bytes"},
    {"read_lease", kind::stream, nullptr},
    {"wait_readable", kind::stream, nullptr},
    {"wait_writable", kind::stream, nullptr},
    {"echo", kind::stream, " bytes"},
    {"end_writing", kind::stream, nullptr},
    {"close_end", kind::stream, nullptr},
    {"send_datagram", kind::datagrams, nullptr},
    {"receive_datagram", kind::datagrams, nullptr},
    {"spawn", kind::fiber, nullptr},
    {"join", kind::fiber, nullptr},
    {"detach", kind::fiber, nullptr},
    {"drop_handle", kind::fiber, nullptr},
    {"cancel", kind::fiber, nullptr},
    {"fail", kind::none, nullptr},
    {"stop", kind::none, nullptr},
    {"offload", kind::none, nullptr},
    {"block_in_place", kind::none, nullptr},
    {"bounded", kind::none, " us"},
    {"shielded", kind::none, nullptr},
    {"scope", kind::none, " at once"},
    {"branch", kind::none, nullptr},
    {"fork", kind::none, nullptr},
    {"cancel_scope", kind::none, nullptr},
    {"select", kind::none, nullptr},
    {"select_fixed", kind::none, nullptr},
    {"after", kind::none, " us"},
    {"expiring", kind::none, " us"},
    {"otherwise", kind::none, nullptr},
};
static_assert(std::size(acts) == static_cast<std::size_t>(act::otherwise) + 1);

constexpr std::array<const char*, kinds> kind_names{
    "channel", "oneshot", "news",  "watch", "mutex",   "shared_mutex", "semaphore", "once",
    "tickets", "event",   "latch", "group", "barrier", "stream",       "datagrams", "fiber"};

const act_text& text_of(act what) { return acts[static_cast<std::size_t>(what)]; }

void write(std::ostream& out, const std::vector<operation>& list, int depth) {
    for (const operation& each : list) {
        out << std::string(static_cast<std::size_t>(depth) * 2, ' ') << to_text(each) << '\n';
        write(out, each.body, depth + 1);
    }
}

template <class List>
void write(std::ostream& out, const char* name, const List& list) {
    if (list.empty()) return;
    out << name << ':';
    for (const auto& each : list) out << ' ' << each;
    out << '\n';
}

void write_faults(std::ostream& out, const mioco::sim::config& settings) {
    const auto& rates = settings.faults;
    out << "seed " << settings.seed << ", " << settings.workers << " workers, "
        << settings.hosts.size() << " hosts; short_read " << rates.short_read << ", short_write "
        << rates.short_write << ", again " << rates.again << ", interrupted " << rates.interrupted
        << ", spurious_event " << rates.spurious_event << "; buffers " << settings.send_buffer_bytes
        << ' ' << settings.receive_buffer_bytes << ' ' << settings.pipe_bytes << "; local latency "
        << settings.local_latency.most.count() << " ns\n";
}

void write_objects(std::ostream& out, const program& all) {
    if (!all.channels.empty()) out << "channels of capacity:";
    for (const auto& each : all.channels) out << ' ' << (each ? std::to_string(*each) : "any");
    if (!all.channels.empty()) out << '\n';
    write(out, "news of capacity", all.news);
    write(out, "semaphores with permits", all.semaphores);
    write(out, "latches for", all.latches);
    write(out, "barriers for", all.barriers);
    for (const stream_plan& each : all.streams) {
        const char* const names[] = {"TCP", "Unix", "pipe"};
        out << "stream: " << names[static_cast<std::size_t>(each.is)] << " between hosts "
            << each.hosts[0] << " and " << each.hosts[1] << '\n';
    }
    write(out, "datagrams to sockets at hosts", all.datagrams);
}

}  // namespace

kind kind_of(act what) { return text_of(what).of; }

std::string to_text(const operation& one) {
    std::ostringstream out;
    const act_text& text = text_of(one.what);
    out << text.name;
    if (text.of == kind::stream) {
        out << ' ' << one.object / 2 << (one.object % 2 == 0 ? 'a' : 'b');
    } else if (text.of != kind::none) {
        out << ' ' << kind_names[static_cast<std::size_t>(text.of)] << ' ' << one.object;
    }
    if (text.unit != nullptr) out << ' ' << one.amount << text.unit;
    return out.str();
}

std::string to_text(const program& all) {
    std::ostringstream out;
    write_faults(out, all.settings);
    write_objects(out, all);
    if (all.stopped)
        out << "host " << all.stopped->host << " is stopped after " << all.stopped->after_us
            << " us\n";
    write(out, "fibers at the start", all.roots);
    for (std::size_t i = 0; i < all.fibers.size(); ++i) {
        out << "fiber " << i << " on host " << all.fibers[i].host << '\n';
        write(out, all.fibers[i].does, 1);
    }
    return out.str();
}

}  // namespace mioco_fuzz
