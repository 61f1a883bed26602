// SPDX-License-Identifier: MPL-2.0
#include <mioco/metrics.hpp>

#include <string_view>

#include "base/racing.hpp"
#include "runtime/runtime_core.hpp"
#include "runtime/runtime_list.hpp"
#include "sched/worker.hpp"

namespace mioco {

namespace detail {

namespace {

struct counted_thing {
    const char* name;
    const char* help;
    std::uint64_t worker_metrics::* member;
};

constexpr counted_thing counted_things[] = {
    {"fibers_spawned", "Fibers spawned.", &worker_metrics::spawned},
    {"fibers_finished", "Fibers that have ended.", &worker_metrics::finished},
    {"switches", "Switches from a fiber to another or to the worker's own stack.",
     &worker_metrics::switches},
    {"parks", "Waits for which a fiber was parked.", &worker_metrics::parks},
    {"io_attempts", "System calls tried on descriptors that do not block.",
     &worker_metrics::io_attempts},
    {"timers_set", "Deadlines put into a heap of timers.", &worker_metrics::timers_set},
    {"timers_fired", "Waits whose deadline had come.", &worker_metrics::timers_fired},
    {"offloaded", "Calls handed to the threads that may block.", &worker_metrics::offloaded},
    {"fibers_stolen", "Ready fibers taken from busy workers.", &worker_metrics::stolen},
    {"fibers_arrived", "Ready fibers that came from other threads.", &worker_metrics::arrived},
    {"sleeps", "Times that a worker had nothing to run and slept.", &worker_metrics::sleeps},
    {"spins", "Times that a worker found something before it slept.", &worker_metrics::spins},
};

worker_metrics metrics_of(worker& of) noexcept {
    const worker_counts& counts = of.counts();
    const timer_heap& timers = of.timers();
    return {.spawned = load_racing(counts.spawned),
            .finished = load_racing(counts.finished),
            .switches = load_racing(counts.switches),
            .parks = load_racing(counts.parks),
            .io_attempts = load_racing(counts.io_attempts),
            .timers_set = load_racing(timers.pushed()),
            .timers_fired = load_racing(timers.expired()),
            .offloaded = load_racing(counts.offloaded),
            .stolen = load_racing(counts.stolen),
            .arrived = load_racing(counts.arrived),
            .sleeps = load_racing(counts.sleeps),
            .spins = load_racing(counts.spins)};
}

std::string escaped_label(std::string_view value) {
    std::string text;
    for (const char each : value) {
        if (each == '\n') {
            text += "\\n";
            continue;
        }
        if (each == '\\' || each == '"') text += '\\';
        text += each;
    }
    return text;
}

void put_head(std::string& text, const std::string& name, const char* help, const char* type) {
    text += "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
}

void put_sample(std::string& text, const std::string& name, const runtime_metrics& of,
                const std::string& more_labels, std::uint64_t value) {
    text += name + "{runtime=\"" + escaped_label(of.name) + "\"" + more_labels + "} " +
            std::to_string(value) + "\n";
}

void put_counter(std::string& text, const std::vector<runtime_metrics>& all,
                 const counted_thing& thing) {
    const std::string name = std::string("mioco_") + thing.name + "_total";
    put_head(text, name, thing.help, "counter");
    for (const runtime_metrics& each : all) {
        std::uint64_t rest = each.total.*thing.member;
        for (std::size_t i = 0; i < each.workers.size(); ++i) {
            const std::uint64_t value = each.workers[i].*thing.member;
            put_sample(text, name, each, ",worker=\"" + std::to_string(i) + "\"", value);
            rest -= value;
        }
        if (thing.member == &worker_metrics::spawned)
            put_sample(text, name, each, ",worker=\"none\"", rest);
    }
}

template <class Value>
void put_gauge(std::string& text, const std::vector<runtime_metrics>& all, const char* name,
               const char* help, Value value) {
    put_head(text, name, help, "gauge");
    for (const runtime_metrics& each : all) put_sample(text, name, each, "", value(each));
}

}  // namespace

runtime_metrics runtime_core::metrics() const {
    runtime_metrics all;
    all.name = settings_.name + (namesake_ == 0 ? "" : "#" + std::to_string(namesake_ + 1));
    all.fibers = fiber_count();
    all.offload_threads = offloads_.threads();
    all.offload_queued = offloads_.queued() + offloads_.waiting_for_room();
    all.total.spawned = spawned_outside_.load(std::memory_order_relaxed);
    all.workers.reserve(workers_.size());
    for (const auto& each : workers_) {
        const worker_metrics& one = all.workers.emplace_back(metrics_of(*each));
        for (const counted_thing& thing : counted_things)
            all.total.*thing.member += one.*thing.member;
    }
    return all;
}

}  // namespace detail

std::vector<runtime_metrics> metrics() {
    return detail::existing_runtimes.metrics_of(detail::current_driver());
}

std::string metrics_text() {
    const std::vector<runtime_metrics> all = metrics();
    std::string text;
    for (const auto& thing : detail::counted_things) detail::put_counter(text, all, thing);
    detail::put_gauge(text, all, "mioco_fibers", "Fibers that there are.",
                      [](const runtime_metrics& of) { return of.fibers; });
    detail::put_gauge(text, all, "mioco_workers", "Workers.",
                      [](const runtime_metrics& of) { return of.workers.size(); });
    detail::put_gauge(text, all, "mioco_offload_threads", "Threads that may block.",
                      [](const runtime_metrics& of) { return of.offload_threads; });
    detail::put_gauge(text, all, "mioco_offload_queued", "Calls that wait for such a thread.",
                      [](const runtime_metrics& of) { return of.offload_queued; });
    return text;
}

}  // namespace mioco
