// SPDX-License-Identifier: MPL-2.0
#include "fuzz/world.hpp"

namespace mioco_fuzz {

namespace {

template <class Object, class... Args>
void add(std::vector<std::unique_ptr<Object>>& to, std::size_t count, const Args&... args) {
    for (std::size_t i = 0; i < count; ++i) to.push_back(std::make_unique<Object>(args...));
}

template <class Object, class... Args>
void add_numbered(std::vector<std::unique_ptr<Object>>& to, std::size_t count, journal& log,
                  const Args&... args) {
    for (std::size_t i = 0; i < count; ++i) to.push_back(std::make_unique<Object>(log, args..., i));
}

}  // namespace

world::world(const program& all, journal& into)
    : plan(all), log(into), fibers(into, all.fibers.size()) {
    const auto each = [](const auto& sizes, const auto& make) {
        for (std::size_t i = 0; i < sizes.size(); ++i) make(i, sizes[i]);
    };
    each(all.channels, [&](std::size_t i, auto capacity) {
        channels.push_back(std::make_unique<channel_object>(log, i, capacity));
    });
    each(all.news, [&](std::size_t i, auto capacity) {
        news.push_back(std::make_unique<news_object>(i, capacity));
    });
    each(all.semaphores, [&](std::size_t i, unsigned permits) {
        semaphores.push_back(std::make_unique<semaphore_object>(log, i, permits));
    });
    each(all.latches, [&](std::size_t i, unsigned count) {
        latches.push_back(std::make_unique<counter_object<mioco::latch>>(log, "latch", i, count));
    });
    for (std::size_t i = 0; i < all.groups; ++i)
        groups.push_back(std::make_unique<counter_object<mioco::wait_group>>(log, "group", i, 0U));
    each(all.barriers, [&](std::size_t, unsigned count) {
        barriers.push_back(std::make_unique<barrier_object>(count));
    });
    for (std::size_t i = 0; i < all.watches; ++i)
        watches.push_back(std::make_unique<watch_object>(i));
    add_numbered(oneshots, all.oneshots, log);
    add_numbered(mutexes, all.mutexes, log, "mutex");
    add_numbered(shared_mutexes, all.shared_mutexes, log, "shared_mutex");
    add_numbered(events, all.events, log);
    add_numbered(streams, all.streams.size(), log);
    add(onces, all.onces);
    add(tickets, all.tickets);
    add(datagrams, all.datagrams.size());
}

void world::check_waits() const { waiting.check(log); }

void world::release_all() {
    is_over = true;
    release_channels();
    release_locks();
    release_streams();
}

void world::release_channels() {
    for (auto& each : channels) {
        each->known.close();
        each->rx.close();
        each->tx.close();
    }
    for (auto& each : oneshots) {
        if (each->tx) each->known.close();
        each->tx.reset();
    }
    for (auto& each : news) each->tx.reset();
    for (auto& each : watches) each->tx.reset();
}

void world::release_locks() {
    for (auto& each : semaphores) {
        const long count = each->known.waiting();
        each->known.given(count);
        each->real.release(count);
    }
    for (auto& each : tickets) {
        each->is_over = true;
        each->real.notify_all();
    }
    for (auto& each : events) {
        each->known.set(true);
        each->real.notify();
    }
    for (auto& each : latches) {
        each->known.set(true);
        each->real.count_down(std::exchange(each->left, 0));
    }
    for (auto& each : groups) {
        each->known.set(true);
        each->real.add(-static_cast<std::ptrdiff_t>(std::exchange(each->left, 0)));
    }
    for (auto& each : barriers) {
        if (each->expected == 0) continue;
        const unsigned count = each->left;
        each->arrives(count, false);
        static_cast<void>(each->real.arrive(count));
    }
}

void world::check_end() {
    fibers.check_end(!stopped.empty());
    check_channels();
    check_locks();
    if (const std::string left = waiting.list(); !left.empty()) log.fail("in the end:" + left);
}

void world::check_channels() {
    const auto drain = [this](auto& from, queue_history& known) {
        for (;;) {
            const auto call = log.tick() * queue_history::arms;
            known.receive_begins(call);
            const auto got = from.try_recv();
            if (!got) return known.receive_gives_up(call);
            known.receive_ends(call, got->id());
        }
    };
    for (auto& each : channels) {
        const bool has_end = static_cast<bool>(each->rx);
        if (has_end) drain(each->rx, each->known);
        each->known.check_end(has_end);
    }
    for (auto& each : oneshots) {
        drain(*each->rx, each->known);
        each->known.check_end(true);
    }
}

void world::check_locks() {
    for (auto& each : mutexes) {
        if (!each->known.is_free() || !each->real.try_lock()) {
            log.fail("a mutex is not free in the end");
        } else {
            each->real.unlock();
        }
    }
    for (auto& each : shared_mutexes) {
        if (!each->known.is_free() || !each->real.try_lock()) {
            log.fail("a shared_mutex is not free in the end");
        } else {
            each->real.unlock();
        }
    }
    for (auto& each : semaphores) {
        long left = 0;
        while (each->real.try_acquire()) ++left;
        each->known.check_end(left);
    }
    for (auto& each : latches) {
        if (!each->real.try_wait()) log.fail("a latch is not open in the end");
    }
    for (auto& each : groups) {
        if (each->real.count() != 0) log.fail("a wait_group counts wrong in the end");
    }
}

}  // namespace mioco_fuzz
