// SPDX-License-Identifier: MPL-2.0
//
// replicated-store [seeds]               the demonstration: finds the planted mistake of store/watchman.cpp in a simulation, does the
//                                        same again, and tries so many seeds (10000) of a simulation without the mistake
// replicated-store --explore [seeds]     the first part of that; MIOCO_SEED=N takes that seed alone
// replicated-store --replay [seed]       the second, twice
// replicated-store --mended [seeds]      the last
// replicated-store --real [rounds]       the same servers, with the mistake, and clients over 127.0.0.1, who do not find it (10000)
// replicated-store --hour                an hour of ten clients who ask once a second, in a simulation
//
// A replicated key-value store: three servers, of which one is the primary, and a watchman who promotes another one when the primary does
// not answer. The folder store/ has the servers, which know nothing of simulations; this file has their tests.

#include <chrono>
#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mioco/mioco.hpp>
#include <mioco/sim.hpp>

#include "number.hpp"
#include "store/round.hpp"
#include "store/story.hpp"

using namespace std::chrono_literals;
namespace sim = mioco::sim;

namespace {

// In a simulation

constexpr std::size_t most_seeds = 1'000'000;

std::chrono::milliseconds drawn(std::uint64_t least, std::uint64_t most) {
    return std::chrono::milliseconds(least + sim::random_below(most - least + 1));
}

// A server that is cut off reaches neither the others nor the watchman, but clients reach it: as when the cable between two rooms breaks.
class partitions {
public:
    partitions(const std::vector<std::string>& servers, store::teller tell)
        : servers_(servers), tell_(std::move(tell)), cut_off_(servers.size()) {}

    void make(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            mioco::sleep_for(drawn(100, 1000));
            toggle(sim::random_below(servers_.size()));
        }
        mioco::sleep_for(drawn(100, 1000));
        sim::heal_all();
        tell_("network", "all reach each other again");
    }

private:
    void toggle(std::size_t which) {
        cut_off_[which] = !cut_off_[which];
        tell_("network",
              "server " + servers_[which] + (cut_off_[which] ? " is cut off" : " is back"));
        for (std::size_t other = 0; other < servers_.size(); ++other) {
            if (other == which) continue;
            set(servers_[which], servers_[other], cut_off_[which] || cut_off_[other]);
        }
        set(servers_[which], "watchman", cut_off_[which]);
    }
    static void set(const std::string& one, const std::string& other, bool apart) {
        if (apart) {
            sim::partition(one, other);
        } else {
            sim::heal(one, other);
        }
    }

    const std::vector<std::string>& servers_;
    store::teller tell_;
    std::vector<bool> cut_off_;
};

store::round_options with_partitions(
    bool has_mistake, store::teller tell = [](const auto&, const auto&) {}) {
    store::round_options wanted;
    wanted.promotes_the_longest = has_mistake;
    wanted.tell = tell;
    wanted.pause = [](store::client&) { mioco::sleep_for(drawn(10, 800)); };
    wanted.trouble = [=](const auto& servers) { partitions(servers, tell).make(4); };
    return wanted;
}

/// A round in a simulation, where it begins anew for each seed.
class simulated_round {
public:
    explicit simulated_round(store::round_options wanted) : wanted_(std::move(wanted)) {}

    /// What was lost; nothing if all is well.
    std::optional<store::loss> play() {
        round_ = std::make_unique<store::round>(wanted_);
        auto lost = round_->play();
        for (const char* const each : {"a", "b", "c", "watchman"}) sim::stop(each);
        acknowledged_ += round_->acknowledged();
        return lost;
    }
    /// Writes, in all rounds.
    [[nodiscard]] std::size_t acknowledged() const noexcept { return acknowledged_; }

private:
    store::round_options wanted_;
    std::unique_ptr<store::round> round_;  // its fibers end after `play`
    std::size_t acknowledged_ = 0;
};

sim::config world() {
    sim::config wanted;
    wanted.workers = 1;
    wanted.connect_timeout = 1s;
    wanted.time_of_look = 0s;  // the same happens whether a story is told or not
    return wanted;
}

/// The seed of the first simulation in which a write is lost.
std::optional<std::uint64_t> explore(std::size_t seeds, bool has_mistake) {
    simulated_round round(with_partitions(has_mistake));
    const auto began = std::chrono::steady_clock::now();
    std::optional<std::uint64_t> found;
    std::size_t count = 0;
    try {
        sim::explore(seeds, world(), [&] {
            ++count;
            if (const auto lost = round.play()) throw std::runtime_error(lost->what);
        });
    } catch (const sim::failure& e) {
        std::printf("%s\n", e.what());
        found = e.seed();
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::printf("%zu simulations with %zu acknowledged writes in %.1f s\n", count,
                round.acknowledged(), took.count());
    return found;
}

struct outcome {
    store::loss lost;
    std::uint64_t hash = 0;
};

outcome replay(std::uint64_t seed, store::story& into) {
    sim::config wanted = world();
    wanted.seed = seed;
    wanted.on_event = [&](std::string_view line) { into.trace(line); };
    simulated_round round(
        with_partitions(true, [&](const auto& who, const auto& what) { into.tell(who, what); }));
    sim::report about;
    const auto lost = sim::run(wanted, [&] { return round.play(); }, &about);
    return {lost.value_or(store::loss()), about.hash};
}

void explain(std::uint64_t seed) {
    std::puts("\nWhat happened, by the seconds of that simulation:\n");
    store::story told;
    const outcome seen = replay(seed, told);
    told.print_about(seen.lost.key, false, 100);
    std::puts(
        "\nThe watchman promoted the server with the longest log. But the log of a server that was "
        "cut "
        "off is long from\nwrites that nobody acknowledged, and lacks those that were acknowledged "
        "meanwhile: see is_behind in store/watchman.cpp.");
}

/// Whether the same happens.
bool replay_twice(std::uint64_t seed) {
    std::printf("Seed %" PRIu64 ", the last lines, with those of its trace:\n\n", seed);
    store::story told;
    store::story told_again;
    const outcome one = replay(seed, told);
    const outcome other = replay(seed, told_again);
    told.print_about(one.lost.key, true, 40);
    const bool is_same = one.lost.what == other.lost.what && one.hash == other.hash;
    std::printf("\nThe hash of all that happened was %016" PRIx64 " and is %016" PRIx64 ": %s\n",
                one.hash, other.hash, is_same ? "the same happened" : "something else happened");
    return is_same;
}

bool find_mistake() {
    std::puts("1. A network that is cut now and then, another one for each seed:\n");
    const auto seed = explore(100'000, true);
    if (!seed) return false;
    explain(*seed);
    std::puts("\n2. The same once more:\n");
    return replay_twice(*seed);
}

bool pass_mended(std::size_t seeds) {
    std::printf("\n3. With the mistake mended, %zu seeds:\n\n", seeds);
    return !explore(seeds, false);
}

int demonstrate(std::size_t seeds) {
    const bool as_told = find_mistake() && pass_mended(seeds);
    std::puts(as_told ? "\nThe mistake was found, and the mended store lost nothing.\n"
                        "Real sockets do not find it: replicated-store --real 10000"
                      : "\nThis did not go as it should.");
    return as_told ? 0 : 1;
}

// Over real sockets

/// What was lost; nothing if all is well.
std::optional<store::loss> play_for_real(std::size_t& acknowledged) {
    store::round_options wanted;
    wanted.pause = [](store::client& each) {
        if (std::random_device()() % 20 == 0) each.disconnect();
    };
    store::round each(wanted);
    mioco::runtime in_this_process(mioco::config{}.workers(2));
    auto lost = in_this_process.spawn([&] { return each.play(); }).join();
    in_this_process.stop();
    in_this_process.wait();
    acknowledged += each.acknowledged();
    return lost;
}

int stress(std::size_t rounds) {
    const auto began = std::chrono::steady_clock::now();
    std::size_t acknowledged = 0;
    for (std::size_t i = 0; i < rounds; ++i) {
        if (const auto lost = play_for_real(acknowledged)) {
            std::printf("round %zu: %s\n", i + 1, lost->what.c_str());
            return 1;
        }
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::printf("%zu rounds over 127.0.0.1 with %zu acknowledged writes in %.1f s: none was lost\n",
                rounds, acknowledged, took.count());
    return 0;
}

// An hour

int pass_an_hour() {
    store::round_options wanted;
    wanted.promotes_the_longest = false;
    wanted.clients = 10;
    wanted.writes = 3600;
    wanted.pause = [](store::client&) { mioco::sleep_for(1s); };
    simulated_round hour(wanted);
    const auto began = std::chrono::steady_clock::now();
    sim::report about;
    const auto lost = sim::run(world(), [&] { return hour.play(); }, &about);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::printf("%.1f s of %zu acknowledged writes and %" PRIu64 " events took %.2f s\n",
                std::chrono::duration<double>(about.passed).count(), hour.acknowledged(),
                about.events, took.count());
    return lost ? 1 : 0;
}

int run(int argc, char** argv) {
    const std::string_view mode = argc > 1 ? argv[1] : "10000";
    const auto count = [&](std::size_t usual) {
        return argc > 2 ? number_of<std::size_t>(argv[2], "seeds or rounds", 1, most_seeds) : usual;
    };
    if (mode == "--explore") return explore(count(most_seeds), true) ? 1 : 0;
    if (mode == "--replay") {
        constexpr auto greatest = std::numeric_limits<std::uint64_t>::max();
        const std::string_view seed = argc > 2 ? argv[2] : "1";
        return replay_twice(number_of<std::uint64_t>(seed, "a seed", 0, greatest)) ? 0 : 1;
    }
    if (mode == "--mended") return explore(count(10'000), false) ? 1 : 0;
    if (mode == "--real") return stress(count(10'000));
    if (mode == "--hour") return pass_an_hour();
    return demonstrate(number_of<std::size_t>(mode, "seeds", 1, most_seeds));
}

}  // namespace

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // line by line, into a pipe too
    try {
        return run(argc, argv);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "replicated-store: %s\n", e.what());
        return 1;
    }
}
