// SPDX-License-Identifier: MPL-2.0
#include "fuzz/player.hpp"

namespace mioco_fuzz {

using enum act;

namespace {

/// What a fiber holds, in its closure, from its spawn to its end.
class presence {
public:
    presence(std::shared_ptr<world> in, unsigned fiber) : in(std::move(in)), fiber(fiber) {}
    presence(presence&& other) noexcept = default;
    presence& operator=(presence&&) = delete;
    ~presence() {
        if (in) in->fibers.gone(fiber);
    }
    std::shared_ptr<world> in;
    unsigned fiber;
};

int live(const presence& here) {
    using end = fiber_history::end;
    world& in = *here.in;
    in.fibers.began(here.fiber);
    const fiber_plan& plan = in.plan.fibers[here.fiber];
    try {
        player(here.in, here.fiber, plan.host).play(plan.does);
    } catch (const planned_failure&) {
        in.fibers.ended(here.fiber, end::threw);
        throw;
    } catch (const mioco::fiber_cancelled&) {
        in.fibers.ended(here.fiber, end::cancelled);
        throw;
    } catch (const std::exception& e) {
        in.log.fail("fiber " + std::to_string(here.fiber) + ": threw " + e.what());
        in.fibers.ended(here.fiber, end::threw);
        throw planned_failure(here.fiber);
    }
    in.fibers.ended(here.fiber, end::returned);
    return result_of_fiber(here.fiber);
}

}  // namespace

mioco::join_handle<int> player::start(const std::shared_ptr<world>& in, unsigned fiber,
                                      bool by_host) {
    in->fibers.spawned(fiber);
    auto body = [here = presence(in, fiber)] { return live(here); };
    if (!by_host) return mioco::spawn(std::move(body));
    return mioco::sim::spawn_on(in->plan.settings.hosts[in->plan.fibers[fiber].host],
                                std::move(body));
}

void player::check_join(world& in, unsigned fiber, const std::function<int()>& join) {
    using end = fiber_history::end;
    try {
        if (join() != result_of_fiber(fiber)) in.log.fail("a join gave another fiber's result");
        in.fibers.joined(fiber, end::returned);
    } catch (const planned_failure& e) {
        if (e.fiber() != fiber) in.log.fail("a join gave another fiber's exception");
        in.fibers.joined(fiber, end::threw);
    } catch (const std::system_error& e) {
        if (e.code() == std::errc::timed_out) throw;  // the joiner's deadline
        if (e.code() != std::errc::operation_canceled)
            in.log.fail(std::string("a join threw ") + e.what());
        in.fibers.joined(fiber, end::cancelled);
    }
}

void player::play(const std::vector<operation>& list) {
    for (const operation& each : list) play_one(each);
}

// Once all is over only that goes on which ends by itself.
void player::play_one(const operation& one) {
    if (in_->is_over && one.what != act::join) return;
    if (in_->log.tells()) in_->log.note(name_of(one) + " begins");
    switch (kind_of(one.what)) {
        case kind::channel:
            play_channel(one);
            break;
        case kind::oneshot:
            play_oneshot(one);
            break;
        case kind::news:
        case kind::watch:
            play_news(one);
            break;
        case kind::mutex:
            play_mutex(one);
            break;
        case kind::shared_mutex:
            play_shared_mutex(one);
            break;
        case kind::semaphore:
            play_semaphore(one);
            break;
        case kind::once:
            call_once(*in_->onces[one.object], one);
            break;
        case kind::tickets:
        case kind::event:
            play_flag(one);
            break;
        case kind::latch:
        case kind::group:
        case kind::barrier:
            play_count(one);
            break;
        case kind::stream:
            play_stream(one);
            break;
        case kind::datagrams:
            play_datagram(one);
            break;
        case kind::fiber:
            play_fiber(one);
            break;
        case kind::none:
            play_time(one);
            break;
    }
    if (in_->log.tells()) in_->log.note(name_of(one) + " ends");
}

bool player::play_time(const operation& one) {
    const auto always = [](bool) { return true; };
    switch (one.what) {
        case sleep:
            limited(one, [&] { return mioco::sleep_for(limit_of(one)), true; }, always);
            break;
        case sleep_until:
            limited(
                one, [&] { return mioco::sleep_until(virtual_now() + limit_of(one)), true; },
                always);
            break;
        case tick: {
            mioco::interval ticks(limit_of(one) + std::chrono::microseconds(1));
            limited(one, [&] { return ticks.tick(), true; }, always);
            break;
        }
        case fail:
            if (mioco::this_fiber::in_fiber()) throw planned_failure(fiber_);
            break;
        case stop:
            in_->stopped.insert(host_);
            mioco::shutdown();
        case act::offload:
        case block_in_place:
            offload(one);
            break;
        case bounded:
        case shielded:
        case act::scope:
        case cancel_scope:
            return play_around(one);
        case act::select:
            select(one);
            break;
        case act::select_fixed:
            select_fixed(one);
            break;
        default:
            mioco::yield();
    }
    return true;
}

bool player::play_fiber(const operation& one) {
    if (one.what == spawn) {
        children_.insert_or_assign(one.object, start(in_, one.object, one.amount % 2 == 1));
        return true;
    }
    const auto found = children_.find(one.object);
    if (found == children_.end()) return true;
    if (one.what == act::join) {
        join(one.object);
    } else if (one.what == act::cancel) {
        if (found->second.joinable()) in_->fibers.asked(one.object);
        found->second.cancel();
    } else if (one.what == detach) {
        found->second.detach();
    } else {
        children_.erase(found);
    }
    return true;
}

void player::join(unsigned fiber) {
    auto& handle = children_.at(fiber);
    if (!handle.joinable()) return;
    const operation one{.what = act::join, .object = fiber};
    const waits here(*this, one, {[&] {
        return in_->fibers.has_ended(fiber) ? std::string("it has ended") : std::string();
    }});
    check_join(*in_, fiber, [&] { return handle.join(); });
}

void player::offload(const operation& one) {
    const auto body = [&] {
        if (mioco::this_fiber::in_fiber()) in_->log.fail("what is offloaded runs in a fiber");
        const other_depth in_thread(*this, {1, {}});
        play(one.body);
        return 42;
    };
    const bool is_told = one.amount % 2 == 1;
    const int got = one.what != act::offload ? mioco::block_in_place(body)
                    : is_told ? mioco::offload([&](const std::stop_token&) { return body(); })
                              : mioco::offload(body);
    if (got != 42) in_->log.fail("an offloaded call lost its result");
}

}  // namespace mioco_fuzz
