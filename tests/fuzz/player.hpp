// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <mioco/mioco.hpp>

#include "fuzz/world.hpp"

namespace mioco_fuzz {

/// What a fiber of a program throws.
class planned_failure : public std::runtime_error {
public:
    explicit planned_failure(unsigned fiber) : std::runtime_error("planned"), fiber_(fiber) {}
    [[nodiscard]] unsigned fiber() const noexcept { return fiber_; }

private:
    unsigned fiber_;
};

/// How much later than its deadline a wait may end, in virtual time: looks at the clock take some, and so do those of others.
inline constexpr std::chrono::milliseconds slack{5};

inline int result_of_fiber(unsigned fiber) { return 1000 + static_cast<int>(fiber); }

/// Gives a lock back, whatever ends its body.
template <class GiveBack>
class held_until {
public:
    explicit held_until(GiveBack give_back) : give_back_(std::move(give_back)) {}
    held_until(const held_until&) = delete;
    held_until& operator=(const held_until&) = delete;
    ~held_until() { give_back_(); }

private:
    GiveBack give_back_;
};

/// What the fibers of a scope share with its owner.
struct scope_state {
    unsigned living = 0, running = 0;
    bool is_cancelled = false, has_failed = false;
    std::function<std::string()> why_owner_is_interrupted = [] {
        return std::string();
    };  // while it waits
};

/// Does what one fiber is to do, and tells the histories about it.
class player {
public:
    player(std::shared_ptr<world> in, unsigned fiber, unsigned host)
        : in_(std::move(in)), fiber_(fiber), host_(host) {}

    void play(const std::vector<operation>& list);
    /// As a fiber of a scope.
    void play_in(mioco::scope& of, const std::shared_ptr<scope_state>& known,
                 const std::vector<operation>& list);

    /// As a fiber; `count` is its number.
    static mioco::join_handle<int> start(const std::shared_ptr<world>& in, unsigned fiber,
                                         bool by_host);
    /// Joins it, and checks what that tells.
    static void check_join(world& in, unsigned fiber, const std::function<int()>& join);

private:
    struct arm;
    class waits;
    // Beside what it waits for.
    enum class ended_by : std::uint8_t { interruptions, deadlines, others };
    class other_depth;
    using handles = std::map<unsigned, mioco::join_handle<int>>;

    void play_one(const operation& one);
    // Each whether the operation was one of theirs.
    bool play_time(const operation& one);
    bool play_channel(const operation& one);
    bool play_oneshot(const operation& one);
    bool play_news(const operation& one);
    bool play_mutex(const operation& one);
    bool play_shared_mutex(const operation& one);
    bool play_semaphore(const operation& one);
    bool play_count(const operation& one);
    bool play_flag(const operation& one);
    bool play_stream(const operation& one);
    bool play_datagram(const operation& one);
    bool play_fiber(const operation& one);
    bool play_around(const operation& one);
    void play_bounded(const operation& one);
    void play_scope(const operation& one);
    void play_block(const operation& one, std::vector<mioco::forked<int>>& forks);
    void start_branch(const operation& one, unsigned limit, std::vector<mioco::forked<int>>& forks);
    void join_fork(mioco::forked<int>& one);
    void wait_for_scope();

    bool is_asked() const;
    std::string why_interrupted(ended_by by) const;
    bool is_interruption(std::error_code ec) const;

    bool send_one(channel_object& to, const operation& one);
    bool receive_one(channel_object& from, const operation& one);
    void send_oneshot(oneshot_object& to);
    void receive_oneshot(oneshot_object& from, const operation& one);
    void listen(news_object& from, const operation& one);
    void heard(news_object& from, unsigned number,
               const std::optional<mioco::broadcast_item<int>>& got);
    void look_at(watch_object& of, const operation& one);
    void changed(watch_object& of, unsigned number, const std::shared_ptr<const int>& got);
    template <class Lock, class TryTake>
    void hold(Lock& of, const operation& one, bool shared, bool may_fail, TryTake take);
    void take_permit(semaphore_object& of, const operation& one);
    void take_ticket(ticket_object& of, const operation& one);
    void call_once(once_object& of, const operation& one);
    void meet(barrier_object& of, const operation& one);
    void read(stream_end& from, const operation& one);
    void write(stream_end& to, const operation& one, std::size_t count);
    std::size_t last_read_ = 0;
    void close_end(stream_object& of, stream_end& end, bool all);
    void wait_ready(stream_end& of, const operation& one);
    void offload(const operation& one);
    void join(unsigned fiber);
    void select(const operation& one);
    void select_fixed(const operation& one);

    std::size_t joined_of(const std::vector<arm>& arms) const;

    std::optional<arm> arm_of(const operation& one, std::uint64_t call, std::size_t number);
    std::optional<arm> channel_arm(const operation& one, queue_history::call_id call);
    std::optional<arm> lock_arm(const operation& one);
    std::optional<arm> news_arm(const operation& one);
    std::optional<arm> flag_arm(const operation& one, std::uint64_t call);
    std::optional<arm> stream_arm(const operation& one);
    std::optional<arm> time_arm(const operation& one);
    std::optional<arm> join_arm(const operation& one);

    std::string name_of(const operation& one) const {
        return "fiber " + std::to_string(fiber_) + " (" + to_text(one) + ")";
    }
    template <class F, class TimedOut>
    auto limited(const operation& one, F&& call, TimedOut&& timed_out) -> std::invoke_result_t<F>;

    std::shared_ptr<world> in_;
    unsigned fiber_;
    unsigned host_;
    // How an interruption is seen here: a cancel at a depth of zero, a deadline where there is one.
    struct depth {
        unsigned shields = 0;
        std::optional<std::chrono::steady_clock::time_point> deadline;
    };
    depth depth_;
    std::shared_ptr<const scope_state> branch_of_;  // if it is a fiber of a scope
    mioco::scope* scope_ = nullptr;                 // the innermost
    std::shared_ptr<scope_state> scope_known_;
    handles children_;
    std::map<unsigned, std::pair<mioco::broadcast_receiver<int>, std::size_t>> hears_;
    std::map<unsigned, std::pair<mioco::watch_receiver<int>, int>> watches_;
};

/// While it lives the board knows that somebody waits.
class player::waits {
public:
    waits(player& of, const operation& one, std::vector<wait_board::reason> why_not,
          ended_by by = ended_by::interruptions)
        : board_(of.in_->waiting),
          id_(board_.add({[&of, by] { return of.why_interrupted(by); }, of.name_of(one),
                          std::move(why_not)})) {}
    waits(const waits&) = delete;
    waits& operator=(const waits&) = delete;
    ~waits() { board_.remove(id_); }

private:
    wait_board& board_;
    std::uint64_t id_;
};

/// While it lives interruptions are seen in another way.
class player::other_depth {
public:
    other_depth(player& of, depth now) : of_(of), before_(std::exchange(of.depth_, now)) {}
    other_depth(const other_depth&) = delete;
    other_depth& operator=(const other_depth&) = delete;
    ~other_depth() { of_.depth_ = before_; }

private:
    player& of_;
    depth before_;
};

/// Checks the limit of what `call` does; `timed_out` tells from its result whether that was over.
template <class F, class TimedOut>
auto player::limited(const operation& one, F&& call, TimedOut&& timed_out)
    -> std::invoke_result_t<F> {
    const waits here(*this, one, {[] { return std::string("its limit is over"); }});
    const auto began = virtual_now();
    auto result = call();
    check_limit(in_->log, name_of(one), std::chrono::microseconds(one.amount),
                virtual_now() - began, timed_out(result), slack);
    return result;
}

inline std::chrono::microseconds limit_of(const operation& one) {
    return std::chrono::microseconds(one.amount);
}

}  // namespace mioco_fuzz
