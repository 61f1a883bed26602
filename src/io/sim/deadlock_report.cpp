// SPDX-License-Identifier: MPL-2.0
#include "io/sim/deadlock_report.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>

#include "debug/call_texts.hpp"
#include "debug/dump.hpp"
#include "debug/fiber_look.hpp"
#include "fiber/fiber_table.hpp"
#include "io/sim/virtual_threads.hpp"
#include "io/sim/world.hpp"

namespace mioco::detail::sim {

namespace {

class text_sink final : public dump_sink {
public:
    void put(std::string_view part) override { text.append(part); }

    std::string text;
};

std::string seconds(nanoseconds_t time) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3f s",
                  static_cast<double>(std::max<nanoseconds_t>(time, 0)) * 1e-9);
    return text;
}

// The stamps go round after 52 days, so what has passed since one is known up to that.
std::string since(const world& in, nanoseconds_t began, std::uint32_t stamp) {
    const std::uint32_t passed = clock_stamp(in.now()) - stamp;
    return seconds(in.now() - (nanoseconds_t{passed} << 20) - began);
}

// Nobody is ready when nothing goes on: that one's wait has been claimed by a thread of the pool, which has not ended it yet.
void correct(fiber_look& seen, const fiber& f) {
    if (seen.what != fiber_look::state::ready || f.word.is_done()) return;
    seen.what = fiber_look::state::parked;
    seen.why = f.waits_for;
    seen.parked_at = f.parked_at;
}

std::vector<fiber_look> fibers_of(const std::vector<placed_runtime>& runtimes, host_id host) {
    stack_copies copies;
    std::vector<fiber_look> all;
    fiber_look seen;
    for (const auto& [core, on] : runtimes) {
        if (on != host) continue;
        all_fibers.for_each([&](fiber& f) {
            if (!seen.take(f, core, copies)) return;
            correct(seen, f);
            all.push_back(seen);
        });
    }
    std::ranges::sort(all, {}, &fiber_look::id);
    return all;
}

}  // namespace

std::string describe_waits(const char* headline, world& in, nanoseconds_t began,
                           const std::vector<placed_runtime>& runtimes,
                           const virtual_threads& threads) {
    text_sink into;
    call_texts texts;
    into.put("after " + seconds(in.now() - began) + " " + headline + ":\n");
    for (host_id host = 0; host < in.net().size(); ++host) {
        const std::string on = "on " + std::string(in.net().name(host)) + ": ";
        for (const fiber_look& each : fibers_of(runtimes, host)) {
            into.put(on);
            put_fiber(into, each, since(in, began, each.parked_at).c_str(), texts);
        }
        threads.for_each_blocked([&](boot of, const fiber& block) {
            if (of.host == host)
                into.put(on + "a thread of the pool: waits for " + facts_of(block.waits_for).text +
                         "\n");
        });
    }
    texts.put_hint(into);
    return into.text;
}

}  // namespace mioco::detail::sim
