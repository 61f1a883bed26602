// SPDX-License-Identifier: MPL-2.0
#include <mioco/select.hpp>

#include <algorithm>
#include <mutex>
#include <system_error>

#include <poll.h>

#include <mioco/detail/random.hpp>

#include "fiber/parking.hpp"
#include "sched/wake.hpp"
#include "wait/small_buffer.hpp"
#include "wait/waiter_access.hpp"

// A select goes through these steps, again and again until an arm has its result:
//
//   try     each arm, from a random one on, so that none starves
//   lock    the guards of all lines, in the order of their addresses; try the queued arms once more; get into all lines.
//           Only so can two selects that offer each other an item, one sending, one receiving, not miss each other
//   arm     the others, which keep what happens: a readiness, an end, a wake-up
//   wait    for a claim by the number of an arm, for a deadline, or for a cancel
//   leave   all lines and places
//
// A queued arm that was claimed has its result: it was put into the frame before. After any other wake-up the arms are tried.

namespace mioco::detail {

namespace {

using kind = select_arm::kind;

constexpr std::chrono::milliseconds longest_blind_wait(10);

void check_count(std::size_t count) {
    if (count > most_select_arms) {
        throw std::system_error(
            std::make_error_code(std::errc::argument_list_too_long),
            "mioco: select takes 65000 cases at most, not " + std::to_string(count));
    }
}

[[noreturn]] void throw_nothing_to_wait_for() {
    throw std::system_error(std::make_error_code(std::errc::invalid_argument),
                            "mioco: a select in which no case takes part would wait for ever");
}

class selection {
public:
    explicit selection(std::span<select_arm* const> arms) : arms_(arms) {}

    /// The first arm that can be taken now, from a random one on if not from `start`.
    std::optional<std::size_t> try_all(std::size_t start = any_start) {
        if (start == any_start) start = random_below(static_cast<std::uint32_t>(arms_.size()));
        for (std::size_t i = 0; i < arms_.size(); ++i) {
            const std::size_t at = nth_from(start, i);
            if (takes_part(*arms_[at]) && arms_[at]->try_take()) return at;
        }
        return std::nullopt;
    }

    [[nodiscard]] std::optional<std::size_t> find_otherwise() const noexcept {
        for (std::size_t i = 0; i < arms_.size(); ++i) {
            if (arms_[i]->what() == kind::otherwise) return i;
        }
        return std::nullopt;
    }

    /// Before the first wait: allocates whatever is needed for a long list.
    void prepare() {
        guards_.reserve(arms_.size());
        for (const select_arm* const each : arms_) {
            if (each->what() == kind::off) continue;
            has_any_ = true;
            if (each->what() == kind::queued) guards_.push_back(each->guard());
            if (each->what() == kind::hinted) why_ = wait_reason::select;
        }
        if (!has_any_) throw_nothing_to_wait_for();
        std::ranges::sort(guards_);
        const auto same = std::ranges::unique(guards_);
        guards_.shrink_to(guards_.size() - same.size());
        look_again();
    }

    /// Before each wait: what an arm waits for may be something else than before the last one.
    void look_again() {
        deadline_ = never;
        for (const select_arm* const each : arms_) {
            if (each->what() != kind::off) deadline_ = std::min(deadline_, each->deadline());
        }
        if (current_fiber() == nullptr) list_descriptors();
    }

    /// Whether the caller's waits can end at any time. If not, as a plain thread gets no eventfd, and an arm waits for a time, which may be
    /// that of the shortage: then the next one is short, and the first descriptor that is free is left to that arm. Throws without such
    /// an arm.
    bool can_be_woken() {
        fiber& self = current_waiter();
        if (!self.is_thread || self.thread_wakeup_fd >= 0) return true;
        if (!is_blind_ || deadline_ == never) is_blind_ = enable_blocking(self) < 0;
        if (!is_blind_) return true;
        if (deadline_ == never) require_blocking(self);
        deadline_ = std::min(deadline_, deadline_in(longest_blind_wait));
        return false;
    }

    /// One wait: the arm that was given its result meanwhile, if one was. Throws fiber_cancelled.
    std::optional<std::size_t> wait_once() {
        for (spin_lock* const each : guards_) each->lock();
        if (const auto won = try_guarded()) return won;
        if (must_retry_) return std::nullopt;
        fiber& self = current_waiter();
        parking wait(self, why_, deadline_);
        get_into_lines(wait.token());
        unlock_guards();
        const std::size_t armed = arm_hinted(wait.token());
        if (armed < arms_.size()) {
            wait.abandon();
        } else if (self.is_thread) {
            wait.block({entries_.data(), entries_.size()});
        } else {
            wait.park();
        }
        leave(wait.token(), armed);
        return who_won(wait.ended_by());
    }

private:
    static bool takes_part(const select_arm& arm) noexcept {
        return arm.what() != kind::off && arm.what() != kind::otherwise;
    }
    [[nodiscard]] std::size_t nth_from(std::size_t start, std::size_t i) const noexcept {
        const std::size_t at = start + i;
        return at < arms_.size() ? at : at - arms_.size();
    }

    void unlock_guards() noexcept {
        for (spin_lock* const each : guards_) each->unlock();
    }

    // The guards are free afterwards if there was one, or if an arm must be tried without them.
    std::optional<std::size_t> try_guarded() noexcept {
        must_retry_ = false;
        wake_up woken;
        std::optional<std::size_t> won;
        for (std::size_t i = 0; i < arms_.size() && !won && !must_retry_; ++i) {
            if (arms_[i]->what() != kind::queued) continue;
            const auto attempt = arms_[i]->try_guarded(woken);
            if (attempt == select_arm::attempt::done) won = i;
            must_retry_ = attempt == select_arm::attempt::once_more;
        }
        if (won || must_retry_) unlock_guards();
        woken.carry_out();
        return won;
    }

    void get_into_lines(wait_token token) noexcept {
        for (std::size_t i = 0; i < arms_.size(); ++i) {
            if (arms_[i]->what() == kind::queued)
                arms_[i]->get_into_line(token.raw(), static_cast<std::uint16_t>(i));
        }
    }

    // How many arms were gone through: fewer than there are when one of them has something already.
    std::size_t arm_hinted(wait_token token) noexcept {
        for (std::size_t i = 0; i < arms_.size(); ++i) {
            if (arms_[i]->what() == kind::hinted && !arms_[i]->arm(waiter_for(token, i))) return i;
        }
        return arms_.size();
    }

    void leave(wait_token token, std::size_t armed) noexcept {
        for (std::size_t i = 0; i < armed; ++i) {
            if (arms_[i]->what() == kind::hinted) arms_[i]->disarm(waiter_for(token, i));
        }
        for (select_arm* const each : arms_) {
            if (each->what() != kind::queued) continue;
            const std::scoped_lock held(*each->guard());
            each->leave_line();
        }
    }

    static select_waiter waiter_for(wait_token token, std::size_t arm) noexcept {
        return select_access::make(token, static_cast<std::uint16_t>(arm));
    }

    std::optional<std::size_t> who_won(wait_arm by) {
        const auto number = static_cast<std::size_t>(by);
        if (number < arms_.size() && arms_[number]->what() == kind::queued) {
            arms_[number]->note_claimed();
            return number;
        }
        if (by == wait_arm::cancel) throw_interrupted(wait_reason::select);
        return std::nullopt;
    }

    void list_descriptors() {
        entries_.shrink_to(0);
        entries_.reserve(arms_.size() + 1);
        entries_.push_back({});  // the thread's own
        for (const select_arm* const each : arms_) {
            pollfd entry{};
            if (each->what() == kind::hinted && each->poll_entry(entry)) entries_.push_back(entry);
        }
        merge_entries();
    }

    // Poll(2) takes only as many entries as the process may have descriptors, and looks at each.
    void merge_entries() noexcept {
        if (entries_.size() < 3) return;
        pollfd* last = entries_.begin() + 1;  // the thread's own has no number yet
        std::sort(last, entries_.end(),
                  [](const pollfd& a, const pollfd& b) { return a.fd < b.fd; });
        for (const pollfd* next = last + 1; next != entries_.end(); ++next) {
            if (next->fd == last->fd) {
                last->events = static_cast<short>(last->events | next->events);
            } else {
                *++last = *next;
            }
        }
        entries_.shrink_to(static_cast<std::size_t>(last + 1 - entries_.begin()));
    }

    std::span<select_arm* const> arms_;
    small_buffer<spin_lock*, 16> guards_;  // distinct, by address
    small_buffer<pollfd, 8> entries_;      // of a plain thread
    nanoseconds_t deadline_ = never;
    wait_reason why_ = wait_reason::select_in_lines;
    bool has_any_ = false;
    bool must_retry_ = false;
    bool is_blind_ = false;  // a plain thread that got no eventfd
};

}  // namespace

std::size_t select_one(std::span<select_arm* const> arms, bool may_wait, std::size_t start) {
    check_count(arms.size());
    if (arms.empty()) throw_nothing_to_wait_for();
    selection among(arms);
    if (const auto won = among.try_all(start)) return *won;
    if (const auto won = among.find_otherwise()) return *won;
    among.prepare();
    for (;;) {
        if (!may_wait) may_wait = among.can_be_woken();
        if (const auto won = among.wait_once()) return *won;
        if (const auto won = among.try_all()) return *won;
        among.look_again();
    }
}

void throw_no_case() {
    begin_attempt();
    throw std::system_error(std::make_error_code(std::errc::invalid_argument),
                            "mioco: use of a case of select that was moved from");
}

}  // namespace mioco::detail

namespace mioco {

bool select_waiter::wake() const noexcept {
    return detail::waker(static_cast<detail::wait_arm>(arm_)).try_wake(detail::wait_token(token_));
}

std::size_t select(std::span<any_case> cases) {
    detail::small_buffer<detail::select_arm*, 16> arms;
    detail::check_count(cases.size());
    arms.reserve(cases.size());
    for (const any_case& each : cases) {
        detail::select_arm& arm = each.held().arm();
        arms.push_back(&arm);
        arm.begin();
    }
    const bool may_wait = detail::begin_operation(detail::wait_reason::select);
    const std::size_t won = detail::select_one({arms.data(), arms.size()}, may_wait);
    cases[won].held().finish();
    return won;
}

}  // namespace mioco
