# SPDX-License-Identifier: MPL-2.0
"""What a simulation costs. All of it runs on one thread, so that processor time is what it would take on an idle machine."""

import measure as m
import programs as p

EVENT_LIMIT_NS = 2000  # half a million a second
HOUR_LIMIT_S = 10

MIX_ROUNDS = 20_000
HOUR_S = 3600


def simulation(run):
    """mioco alone: no rival has such a thing."""
    program = run.programs.need("simulation")
    commands = {"a mix": [program, "events", run.count(MIX_ROUNDS)], "an hour": [program, "hour", run.count(HOUR_S)]}
    taken = m.interleave(run.rounds(7), commands, lambda command: p.run_json(command, "0"))
    result = m.Result("simulation", "Simulation", samples=taken)
    for what, samples in taken.items():
        events_ns = [sample["cpu_ns"] for sample in samples]
        result.rows.append({
            "what": what, "events": str(samples[0]["count"]), "virtual s": f"{samples[0]['simulated_s']:.1f}",
            "CPU s, median": f"{m.median([sample['cpu_s'] for sample in samples]):.2f}",
            "CPU s, least to most": m.spread([sample["cpu_s"] for sample in samples]),
            "wall s, median": f"{m.median([sample['wall_s'] for sample in samples]):.2f}",
            "CPU ns an event, median": f"{m.median(events_ns):.0f}",
            "events a second of CPU, median": f"{1e9 / m.median(events_ns):.0f}"})
    event_ns = m.median([sample["cpu_ns"] for sample in taken["a mix"]])
    result.checks.append(m.Check("CPU time of an event of the mix, for 500000 a second", event_ns, EVENT_LIMIT_NS, "ns"))
    hour_s = m.median([sample["cpu_s"] for sample in taken["an hour"]])
    result.checks.append(m.Check("CPU time of an hour of an echo server with ten clients", hour_s, HOUR_LIMIT_S, "s"))
    return result
