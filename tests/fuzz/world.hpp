// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <mioco/mioco.hpp>

#include "fuzz/lock_history.hpp"
#include "fuzz/other_histories.hpp"
#include "fuzz/program.hpp"
#include "fuzz/queue_history.hpp"

namespace mioco_fuzz {

/// Move-only, and knows whether it was moved away.
class item {
public:
    explicit item(int id) noexcept : id_(id) {}
    item(item&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
    item& operator=(item&& other) noexcept {
        id_ = std::exchange(other.id_, -1);
        return *this;
    }
    ~item() = default;
    [[nodiscard]] int id() const noexcept { return id_; }

private:
    int id_;
};

inline std::string numbered(const char* name, std::size_t number) {
    return name + (' ' + std::to_string(number));
}

// Each object of the library with what is known about it.

struct channel_object {
    channel_object(journal& log, std::size_t number, std::optional<std::size_t> capacity)
        : known(log, numbered("channel", number), capacity) {
        auto made = capacity ? mioco::channel<item>(*capacity) : mioco::unbounded_channel<item>();
        tx = std::move(made.first);
        rx = std::move(made.second);
    }
    queue_history known;
    mioco::sender<item> tx;
    mioco::receiver<item> rx;
};

struct oneshot_object {
    oneshot_object(journal& log, std::size_t number) : known(log, numbered("oneshot", number), 1) {
        auto made = mioco::oneshot<item>();
        tx.emplace(std::move(made.first));
        rx.emplace(std::move(made.second));
    }
    queue_history known;
    std::optional<mioco::oneshot_sender<item>> tx;
    std::optional<mioco::oneshot_receiver<item>> rx;
    bool is_receiving = false;  // one fiber at a time
};

struct news_object {
    news_object(std::size_t number, std::size_t items)
        : name(numbered("news", number)),
          capacity(items),
          tx(mioco::broadcast_sender<int>(items)) {}
    std::string name;
    std::size_t capacity;
    std::vector<int> sent;
    std::optional<mioco::broadcast_sender<int>> tx;
};

struct watch_object {
    explicit watch_object(std::size_t number) : name(numbered("watch", number)), tx(0) {}
    std::string name;
    int value = 0;  // counts the changes
    std::optional<mioco::watch_sender<int>> tx;
};

template <class Lock>
struct lock_object {
    lock_object(journal& log, const char* name, std::size_t number)
        : known(log, numbered(name, number)) {}
    lock_history known;
    Lock real;
};

struct semaphore_object {
    semaphore_object(journal& log, std::size_t number, unsigned permits)
        : known(log, numbered("semaphore", number), permits), real(permits) {}
    permit_history known;
    mioco::counting_semaphore<> real;
};

struct once_object {
    unsigned under_way = 0, done = 0;
    mioco::once_flag real;
};

/// Tickets under a lock, with a condition that there is one.
struct ticket_object {
    unsigned tickets = 0;
    bool is_over = false;
    mioco::mutex guard;
    mioco::condition_variable real;
};

struct event_object {
    event_object(journal& log, std::size_t number) : known(log, numbered("event", number), false) {}
    condition_history known;
    mioco::event real;
};

template <class Counter>
struct counter_object {
    counter_object(journal& log, const char* name, std::size_t number, unsigned first)
        : left(first), known(log, numbered(name, number), first == 0), real(first) {}
    unsigned left;
    condition_history known;
    Counter real;
};

struct barrier_object {
    explicit barrier_object(unsigned count) : expected(count), left(count), real(count) {}
    unsigned expected, left;
    std::uint64_t phase = 0;
    mioco::barrier<> real;
    /// Told before the call.
    void arrives(unsigned count, bool drops) {
        left -= count;
        if (drops) --expected;
        if (left != 0) return;
        left = expected;
        ++phase;
    }
};

struct stream_end {
    std::variant<std::monostate, mioco::net::tcp_stream, mioco::net::unix_stream,
                 mioco::pipe_reader, mioco::pipe_writer>
        io;
    unsigned host = 0;
    byte_history* in = nullptr;
    byte_history* out = nullptr;
};

struct stream_object {
    stream_object(journal& log, std::size_t number)
        : ways{{log, numbered("stream", number) + " from a to b"},
               {log, numbered("stream", number) + " from b to a"}} {}
    byte_history ways[2];
    stream_end ends[2];
};

struct datagram_object {
    mioco::net::udp_socket real;
    mioco::net::endpoint where;
    unsigned host = 0;
    std::set<unsigned> under_way;
    unsigned sent = 0;
    bool is_closed = false, may_lose = false;
};

/// All that the fibers of a program share.
struct world {
    world(const program& all, journal& into);

    const program& plan;
    journal& log;
    wait_board waiting;
    fiber_history fibers;
    std::vector<std::unique_ptr<channel_object>> channels;
    std::vector<std::unique_ptr<oneshot_object>> oneshots;
    std::vector<std::unique_ptr<news_object>> news;
    std::vector<std::unique_ptr<watch_object>> watches;
    std::vector<std::unique_ptr<lock_object<mioco::mutex>>> mutexes;
    std::vector<std::unique_ptr<lock_object<mioco::shared_mutex>>> shared_mutexes;
    std::vector<std::unique_ptr<semaphore_object>> semaphores;
    std::vector<std::unique_ptr<once_object>> onces;
    std::vector<std::unique_ptr<ticket_object>> tickets;
    std::vector<std::unique_ptr<event_object>> events;
    std::vector<std::unique_ptr<counter_object<mioco::latch>>> latches;
    std::vector<std::unique_ptr<counter_object<mioco::wait_group>>> groups;
    std::vector<std::unique_ptr<barrier_object>> barriers;
    std::vector<std::unique_ptr<stream_object>> streams;
    std::vector<std::unique_ptr<datagram_object>> datagrams;

    int next_item = 0;
    bool is_over = false;        // what would wait is not begun any more
    std::set<unsigned> stopped;  // hosts

    /// By a fiber of the simulation: what needs one to be made.
    void open_streams();
    /// Once nothing moves any more: nobody waits for nothing.
    void check_waits() const;
    /// Ends all waits.
    void release_all();
    /// Once all fibers have ended: nothing is lost.
    void check_end();

private:
    void release_channels();
    void release_locks();
    void release_streams();
    void check_channels();
    void check_locks();
};

inline std::chrono::steady_clock::time_point virtual_now() { return mioco::timer().deadline(); }

}  // namespace mioco_fuzz
