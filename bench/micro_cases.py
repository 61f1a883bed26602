# SPDX-License-Identifier: MPL-2.0
"""The micro cases of fibers by themselves: yield, spawn and join, trees and batches of spawns, and what parked fibers cost."""

import measure as m
import programs as p

YIELD_AIM_NS = 8.0
SPAWN_JOIN_LIMIT_NS = 80.0
TOKIO_SPAWN_JOIN_NS = 144.0  # where that limit was set
BATCH_AIM_NS = 45.0
SKYNET_LEAVES = 1_000_000
SKYNET_LIMIT = 0.5  # of a rival's time
PARKED_SPAWN_LIMIT_NS = 2500.0
PARKED_SPAWNS = 100_000
PARKED_LIMIT_KIB = 4.9
PARKED_FIBERS = 1_000_000

BOOST_FIBER_CASES = ("context_switch", "yield", "spawn_join", "batch_spawn", "skynet", "parked_spawn", "channel_pingpong",
                     "channel_stream", "channel_handover", "mutex_alone", "mutex_yielding", "mutex_contended")
ALONE = ("event_pingpong", "broadcast_pingpong", "throw_threads")
# It has no channel without room, and who goes on computing keeps the task that it has just spawned.
NOT_IN_TOKIO = ("context_switch", "parked_memory", "select_receive", "channel_handover", "spawn_elsewhere")


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
    if "ms" in taken[0]:
        row["ms, median"] = f"{m.median([s['ms'] for s in taken]):.0f}"
    if "alternated" in taken[0]:
        row["alternated"] = f"{m.median([s['alternated'] for s in taken]):.2f}"
    return row


def place(workers):
    return "two workers" if workers == 2 else "one worker"


def rounds_of(run, commands, workers, rounds=5):
    """What each subject took in each round, on as many processors as it has workers."""
    cpus = p.BOTH_CPUS if workers == 2 else "0"
    return m.interleave(run.rounds(rounds), commands, lambda s: p.run_json(s[0], cpus, s[1]))


def _measure(run, result, case, count, judged, workers):
    """Adds the rows and the figure of one case on so many workers; returns the samples by who took part."""
    samples = rounds_of(run, subjects(run, case, count, workers), workers)
    for who, taken in samples.items():
        result.rows.append(_row(who, workers, taken, judged))
        result.samples[f"{who}, {workers} workers"] = taken
    what = "CPU ns" if judged == "cpu_ns" else "ns"
    result.figure(f"{what}, {place(workers)}", {who: [s[judged] for s in taken] for who, taken in samples.items()})
    return samples


def _timed(run, case, count, judged, limit, title, judged_workers=(2,), aim=False):
    result = m.Result(case, title)
    for workers in (2, 1):
        taken = _measure(run, result, case, count, judged, workers)
        if "mioco" in taken and workers in judged_workers:
            value = m.median([s[judged] for s in taken["mioco"]])
            result.checks.append(m.Check(f"{case}, {place(workers)}", value, limit, "ns", aim=aim))
    return result


def context_switch(run):
    commands = {name: command for name, command in subjects(run, "context_switch", run.count(100_000_000), 1).items()
                if name in ("mioco", "Boost.Fiber")}
    samples = m.interleave(run.rounds(5), commands, lambda s: p.run_json(s[0], "0", s[1]))
    result = m.Result("context_switch", "The switch between two stacks alone", samples=samples)
    result.rows = [_row(who, 1, taken, "cpu_ns") for who, taken in samples.items()]
    return result


def yield_case(run):
    result = _timed(run, "yield", run.count(10_000_000), "cpu_ns", YIELD_AIM_NS, "Yield between two fibers",
                    judged_workers=(2, 1), aim=True)
    result.notes.append("Judged by CPU time, so that two fibers that ended up on two workers gain nothing by it. "
                        "\"alternated\" is the share of yields after which the other fiber had run.")
    return result


def spawn_join(run):
    result = _timed(run, "spawn_join", run.count(1_000_000), "wall_ns", SPAWN_JOIN_LIMIT_NS,
                    "Spawn and join, one by one")
    for workers in (2, 1):
        taken = {who: result.samples.get(f"{who}, {workers} workers") for who in ("mioco", "Tokio")}
        if all(taken.values()):
            result.checks.append(m.check_as_ratio(f"spawn_join, {place(workers)}", taken, "wall_ns", "Tokio",
                                                  (SPAWN_JOIN_LIMIT_NS, TOKIO_SPAWN_JOIN_NS)))
    for figure in result.figures:
        result.check_not_behind(figure)
    return result


def batch_spawn(run):
    return _timed(run, "batch_spawn", run.count(1_000_000), "wall_ns", BATCH_AIM_NS,
                  "A batch of spawns, all joined, from the second round on", aim=True)


def skynet(run):
    result = m.Result("skynet", "A tree of ten children each, with a million leaves, from the second round on")
    for workers in (2, 1):
        taken = _measure(run, result, "skynet", run.count(SKYNET_LEAVES), "wall_ns", workers)
        for rival in ("Go", "Tokio"):
            if workers == 2 and {"mioco", rival} <= taken.keys():
                ratio = m.median([ours["ms"] / theirs["ms"] for ours, theirs in zip(taken["mioco"], taken[rival])])
                result.checks.append(m.Check(f"skynet, two workers, to {rival}'s", ratio, SKYNET_LIMIT))
    result.notes.append("ns: a node, of which there are 1,111,111. Boost.Fiber runs each child at once, so that few are alive at a time.")
    return result


def parked_spawn(run):
    result = m.Result("parked_spawn", f"From a spawn to the fiber's first wait, {PARKED_SPAWNS} alive at once, none of which finds a used stack")
    taken = _measure(run, result, "parked_spawn", run.count(PARKED_SPAWNS), "wall_ns", 1)
    if "mioco" in taken:
        value = m.median([s["wall_ns"] for s in taken["mioco"]])
        result.checks.append(m.Check("making a fiber that parks, with its guard", value, PARKED_SPAWN_LIMIT_NS, "ns"))
    result.notes.append("mioco and Boost.Fiber have guards; that one has 30,000 fibers, as it gets no more mappings. Go and Tokio have no stack of "
                        "a fixed size to guard.")
    return result


def spawn_elsewhere(run):
    taken = rounds_of(run, subjects(run, "spawn_elsewhere", run.count(1000), 2), 2)
    result = m.Result("spawn_elsewhere", "From a spawn by one that goes on computing until another worker runs what it has spawned",
                      samples=taken)
    for who, samples in taken.items():
        row = {"who": who}
        for heading, what in (("us", "median_us"), ("p99 us", "p99_us")):
            values = [s[what] for s in samples]
            row |= {f"{heading}, median": f"{m.median(values):.1f}", f"{heading}, least to most": m.spread(values, 1)}
        result.rows.append(row)
    result.notes.append("Here mioco is behind by design: it wakes no other worker for what is spawned, as a wake-up costs more than most fibers "
                        "take, and has an idle one look every 100 us to 1 ms whether something waits.")
    return result


def parked_memory(run):
    count = run.count(PARKED_FIBERS)
    commands = {name: command for name, command in subjects(run, "parked_memory", count, 2).items() if name in ("mioco", "Go")}
    samples = m.interleave(run.rounds(5), commands, lambda s: p.run_json(s[0], None, s[1]))
    result = m.Result("parked_memory", f"Memory of a parked fiber, {count} at once, with page tables", samples=samples)
    for who, taken in samples.items():
        values = [s["bytes"] / 1024 for s in taken]
        result.rows.append({"who": who, "KiB, median": f"{m.median(values):.2f}", "least to most": m.spread(values)})
        if who == "mioco":
            result.checks.append(m.Check("memory of a parked fiber", m.median(values), PARKED_LIMIT_KIB, "KiB"))
    return result
