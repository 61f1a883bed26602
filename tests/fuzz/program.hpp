// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <mioco/sim.hpp>

// A program that was made up: what some fibers do with some objects that they share.

namespace mioco_fuzz {

enum class act : std::uint8_t {
    // time
    yield,
    sleep,
    sleep_until,
    tick,
    // channels
    send,
    try_send,
    send_for,
    send_until,
    receive,
    try_receive,
    receive_for,
    receive_until,
    receive_all,
    close_channel,
    drop_senders,
    drop_receivers,
    // a channel for one item
    send_once,
    receive_once,
    receive_once_for,
    drop_once,
    // news
    broadcast,
    hear,
    try_hear,
    hear_for,
    set_watch,
    get_watch,
    await_watch,
    // locks with a body
    lock,
    try_lock,
    lock_for,
    lock_until,
    write_lock,
    try_write_lock,
    write_lock_for,
    read_lock,
    try_read_lock,
    read_lock_for,
    acquire,
    try_acquire,
    acquire_for,
    call_once,
    // permits, tickets, flags, counts
    release_permit,
    take_permit,
    take_permit_for,
    add_ticket,
    add_ticket_for_all,
    take_ticket,
    take_ticket_for,
    notify_event,
    reset_event,
    wait_event,
    wait_event_for,
    try_event,
    count_down,
    wait_latch,
    add_to_group,
    done_in_group,
    wait_group,
    wait_group_for,
    meet,
    arrive_and_drop,
    // streams and datagrams
    write_all,
    write_some,
    try_write,
    read_exactly,
    read_some,
    try_read,
    read_lease,
    wait_readable,
    wait_writable,
    echo,
    end_writing,
    close_end,
    send_datagram,
    receive_datagram,
    // fibers
    spawn,
    join,
    detach,
    drop_handle,
    cancel,
    fail,
    stop,
    offload,
    block_in_place,
    // what may be interrupted, and what not; all have a body
    bounded,
    shielded,
    scope,
    branch,  // of a scope: a fiber
    fork,    // the same, whose result is joined
    cancel_scope,
    // several at once; the body has the cases
    select,
    select_fixed,
    // only as cases
    after,
    expiring,
    otherwise
};

/// How many objects of each kind there are.
enum class kind : std::uint8_t {
    channel,
    oneshot,
    news,
    watch,
    mutex,
    shared_mutex,
    semaphore,
    once,
    tickets,
    event,
    latch,
    group,
    barrier,
    stream,
    datagrams,
    fiber,
    none
};
inline constexpr std::size_t kinds = static_cast<std::size_t>(kind::none);

struct operation {
    act what = act::yield;
    unsigned object =
        0;  // which one of its kind; of a stream: twice the number, plus one for its other end
    unsigned amount = 0;  // microseconds, bytes, or a count
    std::vector<operation> body =
        {};  // under a lock, offloaded, within a deadline or a scope, or the cases of a select
};

struct fiber_plan {
    unsigned host = 0;
    std::vector<operation> does = {};
};

enum class stream_kind : std::uint8_t { tcp, unix_pair, pipe };

struct stream_plan {
    stream_kind is = stream_kind::tcp;
    unsigned hosts[2] = {0, 0};  // of its ends
};

struct host_stop {
    unsigned host = 0;
    unsigned after_us = 0;
};

struct program {
    mioco::sim::config settings;
    std::vector<std::optional<std::size_t>> channels;     // capacity; none: unbounded
    std::vector<std::size_t> news;                        // capacity
    std::vector<unsigned> semaphores, latches, barriers;  // permits, or how many are expected
    std::vector<stream_plan> streams;
    std::vector<unsigned> datagrams;  // host
    unsigned oneshots = 0, watches = 0, mutexes = 0, shared_mutexes = 0, onces = 0, tickets = 0,
             events = 0, groups = 0;
    std::vector<fiber_plan> fibers;
    std::vector<unsigned> roots;  // the fibers that no other one spawns
    std::optional<host_stop> stopped;
};

enum class theme : std::uint8_t {
    channels,
    select,
    locks,
    network,
    lifetimes,
    interruptions,
    mixed
};

program generate(std::uint64_t seed, theme about);
std::string to_text(const program& all);
std::string to_text(const operation& one);
kind kind_of(act what);

}  // namespace mioco_fuzz
