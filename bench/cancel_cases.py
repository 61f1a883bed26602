# SPDX-License-Identifier: MPL-2.0
"""What it costs to be able to stop: deadlines, scopes and cancels, each beside what a program does without."""

import measure as m
import programs as p

DEADLINE_LIMIT_NS = 10.0
SCOPE_LIMIT = 1.3
CANCEL_LIMIT = 1.5
MANY = 10_000


def _middle(taken, what):
    return m.median([sample[what] for sample in taken])


def _rows(result, taken, columns):
    for name, what in columns.items():
        values = [sample[what] for sample in taken]
        result.rows.append({"what": name, "CPU ns, median": f"{m.median(values):.1f}", "least to most": m.spread(values, 1)})


def deadline_read(run):
    command = [run.programs.need("deadline_read"), run.count(4_000_000)]
    taken = m.interleave(run.rounds(9), {"mioco": command}, lambda command: p.run_json(command, "0"))["mioco"]
    result = m.Result("deadline_read", "A read that is ready, with a deadline set and cleared around it", samples={"mioco": taken})
    _rows(result, taken, {"a read": "bare_ns", "with a deadline until a time": "until_ns", "with a deadline for a duration": "for_ns",
                          "reading the clock": "clock_ns"})
    more = m.median([sample["until_ns"] - sample["bare_ns"] for sample in taken])
    result.checks.append(m.Check("deadline set and cleared around a read that is ready", more, DEADLINE_LIMIT_NS, "ns"))
    result.notes.append("Judged is the deadline until a time. One for a duration has to read the clock as well, which is told beside it.")
    return result


def scope_spawn(run):
    command = [run.programs.need("scope_spawn"), run.count(2_000_000)]
    taken = m.interleave(run.rounds(9), {"mioco": command}, lambda command: p.run_json(command, "0"))["mioco"]
    result = m.Result("scope_spawn", "A thousand fibers spawned and waited for, one worker", samples={"mioco": taken})
    _rows(result, taken, {"spawn, then join": "bare_ns", "in a scope": "scope_ns"})
    ratio = m.median([sample["scope_ns"] / sample["bare_ns"] for sample in taken])
    result.checks.append(m.Check("spawn into a scope, to a bare spawn", ratio, SCOPE_LIMIT))
    return result


def cancel_throw(run):
    program = run.programs.need("cancel_throw")
    commands = {"one, 1 deep": [program, run.count(50_000), 1, 1], "one, 10 deep": [program, run.count(50_000), 10, 1],
                f"{MANY}, 1 deep": [program, run.count(200_000), 1, MANY], f"{MANY}, 10 deep": [program, run.count(200_000), 10, MANY]}
    samples = m.interleave(run.rounds(9), commands, lambda command: p.run_json(command, "0"))
    result = m.Result("cancel_throw", "From a cancel to the handler in a fiber that waits, and a throw to its handler", samples=samples)
    for what, taken in samples.items():
        ratio = m.median([sample["cancel_ns"] / sample["throw_ns"] for sample in taken])
        woken = m.median([sample["cancel_ns"] / sample["woken_ns"] for sample in taken])
        result.rows.append({"how many": what} |
                           {heading: f"{_middle(taken, figure):.0f}" for heading, figure in
                            (("throw, ns", "throw_ns"), ("cancel, ns", "cancel_ns"), ("wake and throw, ns", "woken_ns"))} |
                           {"cancel to throw": f"{ratio:.2f}", "cancel to wake and throw": f"{woken:.2f}"})
        result.checks.append(m.Check(f"cancel to its handler, to a throw: {what}", ratio, CANCEL_LIMIT))
    result.notes.append("\"Wake and throw\": as many fibers that wait are woken and throw by themselves. Of many, each has a stack that is not in the "
                        "cache; of throws by one fiber, all but the first find it there.")
    return result
