// SPDX-License-Identifier: MPL-2.0
#include "fuzz/run.hpp"

#include "fuzz/player.hpp"

namespace mioco_fuzz {

namespace {

// Longer than all takes that has a limit: what still waits then waits for others.
constexpr std::chrono::seconds long_enough{10};

std::vector<mioco::join_handle<int>> start_roots(const std::shared_ptr<world>& in) {
    std::vector<mioco::join_handle<int>> made;
    for (const unsigned root : in->plan.roots) made.push_back(player::start(in, root, true));
    return made;
}

void look_after(const std::shared_ptr<world>& in) {
    const program& all = in->plan;
    auto roots = start_roots(in);
    if (all.stopped) {
        mioco::sleep_for(std::chrono::microseconds(all.stopped->after_us));
        in->stopped.insert(all.stopped->host);
        mioco::sim::stop(all.settings.hosts[all.stopped->host]);
    }
    mioco::sleep_for(long_enough);
    in->check_waits();
    in->release_all();
    mioco::sleep_for(long_enough);
    in->check_end();
    for (std::size_t i = 0; i < roots.size(); ++i) {
        if (roots[i].done()) player::check_join(*in, all.roots[i], [&] { return roots[i].join(); });
    }
}

// The first fiber of the simulation. When it is stopped with its host, calls that are offloaded wait on, as no stop reaches those.
void control(const program& all, journal& log) {
    const auto in = std::make_shared<world>(all, log);
    in->open_streams();
    try {
        look_after(in);
    } catch (const mioco::fiber_cancelled&) {
        in->release_all();
        throw;
    }
}

}  // namespace

std::string run(const program& all, bool tells) {
    journal log(tells);
    mioco::sim::report about;
    try {
        mioco::sim::run(all.settings, [&] { control(all, log); }, &about);
    } catch (const std::system_error& e) {
        // The first fiber was stopped with its host.
        if (e.code() != std::errc::operation_canceled) log.fail(e.what());
    } catch (const std::exception& e) {
        log.fail(e.what());
    }
    if (about.open_descriptors != 0)
        log.fail(std::to_string(about.open_descriptors) + " descriptors were left open");
    return log.failure();
}

}  // namespace mioco_fuzz
