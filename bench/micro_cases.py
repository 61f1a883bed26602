# SPDX-License-Identifier: MPL-2.0
"""The micro cases: yield, spawn and join, a batch of spawns, and the memory of parked fibers."""

import measure as m
import programs as p

YIELD_LIMIT_NS = 12.0
SPAWN_JOIN_LIMIT_NS = 120.0
BATCH_LIMIT_NS = 80.0
PARKED_LIMIT_KIB = 4.9
PARKED_FIBERS = 1_000_000

BOOST_FIBER_CASES = ("context_switch", "yield", "spawn_join", "batch_spawn", "channel_pingpong", "channel_stream",
                     "mutex_alone", "mutex_yielding")
ALONE = ("event_pingpong", "broadcast_pingpong")
NOT_IN_TOKIO = ("context_switch", "parked_memory", "select_receive")


def subjects(run, case, count, workers):
    """The commands of those who have the case, by name."""
    found = run.programs.find
    commands = {}
    if found(case):
        commands["mioco"] = ([found(case), count, workers], {})
    if case in ALONE:
        return commands
    # Not every rival has every case; a program says so by its exit status, and would end the run.
    if found("micro_boost_fiber") and case in BOOST_FIBER_CASES:
        commands["Boost.Fiber"] = ([found("micro_boost_fiber"), case, count, workers], {})
    if found("micro_go"):
        commands["Go"] = ([found("micro_go"), case, count], {"GOMAXPROCS": str(workers)})
    if found("micro_tokio") and case not in NOT_IN_TOKIO:
        commands["Tokio"] = ([found("micro_tokio"), case, count, workers], {})
    if found("micro_libev") and case == "timers":
        commands["libev"] = ([found("micro_libev"), case, count], {})
    return commands


def _row(who, workers, taken, judged):
    values = [s[judged] for s in taken]
    row = {"who": who, "workers": str(workers), "ns, median": f"{m.median(values):.1f}",
           "least to most": m.spread(values, 1),
           "wall ns": f"{m.median([s['wall_ns'] for s in taken]):.1f}",
           "CPU ns": f"{m.median([s['cpu_ns'] for s in taken]):.1f}"}
    if "elsewhere_cpu_ns" in taken[0]:
        row["suspended elsewhere, ns"] = f"{m.median([s['elsewhere_cpu_ns'] for s in taken]):.1f}"
    if "alternated" in taken[0]:
        row["alternated"] = f"{m.median([s['alternated'] for s in taken]):.2f}"
    return row


def _timed(run, case, count, judged, limit, title, judged_workers=(2,)):
    result = m.Result(case, title)
    for workers in (2, 1):
        place = "two workers" if workers == 2 else "one worker"
        commands = subjects(run, case, count, workers)
        samples = m.interleave(run.rounds(5), commands,
                               lambda s, workers=workers: p.run_json(s[0], p.BOTH_CPUS if workers == 2 else "0", s[1]))
        for who, taken in samples.items():
            result.rows.append(_row(who, workers, taken, judged))
            result.samples[f"{who}, {workers} workers"] = taken
            if who == "mioco" and workers in judged_workers:
                value = m.median([s[judged] for s in taken])
                result.checks.append(m.Check(f"{case}, {place}", value, limit, "ns"))
    return result


def context_switch(run):
    commands = {name: command for name, command in subjects(run, "context_switch", run.count(100_000_000), 1).items()
                if name in ("mioco", "Boost.Fiber")}
    samples = m.interleave(run.rounds(5), commands, lambda s: p.run_json(s[0], "0", s[1]))
    result = m.Result("context_switch", "The switch between two stacks alone", samples=samples)
    result.rows = [_row(who, 1, taken, "cpu_ns") for who, taken in samples.items()]
    return result


def yield_case(run):
    result = _timed(run, "yield", run.count(10_000_000), "cpu_ns", YIELD_LIMIT_NS, "Yield between two fibers",
                    judged_workers=(2, 1))
    result.notes.append("Judged by CPU time, so that two fibers that ended up on two workers gain nothing by it. "
                        "\"alternated\" is the share of yields after which the other fiber had run.")
    return result


def spawn_join(run):
    return _timed(run, "spawn_join", run.count(1_000_000), "wall_ns", SPAWN_JOIN_LIMIT_NS,
                  "Spawn and join, one by one")


def batch_spawn(run):
    return _timed(run, "batch_spawn", run.count(1_000_000), "wall_ns", BATCH_LIMIT_NS,
                  "A batch of spawns, all joined, from the second round on")


def parked_memory(run):
    commands = {name: command for name, command in subjects(run, "parked_memory", PARKED_FIBERS, 2).items()
                if name in ("mioco", "Go")}
    samples = m.interleave(run.rounds(5), commands, lambda s: p.run_json(s[0], None, s[1]))
    result = m.Result("parked_memory", f"Memory of a parked fiber, {PARKED_FIBERS} at once, with page tables",
                      samples=samples)
    for who, taken in samples.items():
        values = [s["bytes"] / 1024 for s in taken]
        result.rows.append({"who": who, "KiB, median": f"{m.median(values):.2f}", "least to most": m.spread(values)})
        if who == "mioco":
            result.checks.append(m.Check("memory of a parked fiber", m.median(values), PARKED_LIMIT_KIB, "KiB"))
    return result
