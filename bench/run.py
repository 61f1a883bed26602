#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Runs the benchmarks of a build and writes RESULTS.md and results.json.

It builds nothing: `make bench` does, and then calls this with the build folder.
"""

import argparse
import dataclasses
import functools
import os
import pathlib
import resource
import subprocess
import sys

import cancel_cases
import charts
import echo_cases
import file_cases
import instruction_cases
import machine
import measure
import micro_cases
import net_cases
import programs
import report
import scale_cases
import simulation_cases
import stall_cases
import wait_cases

CASES = {
    **{name: functools.partial(echo_cases.echo, name=name, shape=shape) for name, shape in echo_cases.SHAPES.items()},
    "echo-clients": echo_cases.clients,
    "instructions": instruction_cases.compare_echo,
    "idle-memory": echo_cases.idle_memory,
    "two-workers": echo_cases.two_workers,
    "computing": echo_cases.computing,
    "stalls-0": functools.partial(stall_cases.stalls, load=0),
    "stalls-64": functools.partial(stall_cases.stalls, load=64),
    "stalls-160": functools.partial(stall_cases.stalls, load=160),
    "wake-and-compute": stall_cases.wake_and_compute,
    "short-messages": stall_cases.short_messages,
    "churn": net_cases.churn,
    "http": net_cases.http,
    "proxy-small": functools.partial(net_cases.proxy, connections=128, message_bytes=26, bulk=False),
    "proxy-bulk": functools.partial(net_cases.proxy, connections=16, message_bytes=65536, bulk=True),
    "context_switch": micro_cases.context_switch,
    "yield": micro_cases.yield_case,
    "spawn_join": micro_cases.spawn_join,
    "batch_spawn": micro_cases.batch_spawn,
    "skynet": micro_cases.skynet,
    "parked_spawn": micro_cases.parked_spawn,
    "parked_memory": micro_cases.parked_memory,
    "spawn_elsewhere": micro_cases.spawn_elsewhere,
    "channel_pingpong": wait_cases.channel_pingpong,
    "event_pingpong": wait_cases.event_pingpong,
    "broadcast_pingpong": wait_cases.broadcast_pingpong,
    "channel_stream": wait_cases.channel_stream,
    "channel_handover": wait_cases.channel_handover,
    "select_receive": wait_cases.select_receive,
    "select_pingpong": wait_cases.select_pingpong,
    "mutex_alone": wait_cases.mutex_alone,
    "mutex_yielding": wait_cases.mutex_yielding,
    "mutex_contended": wait_cases.mutex_contended,
    "throw_threads": wait_cases.throw_threads,
    "sleep": wait_cases.sleep,
    "timers": wait_cases.timers,
    "deadline_read": cancel_cases.deadline_read,
    "scope_spawn": cancel_cases.scope_spawn,
    "cancel_throw": cancel_cases.cancel_throw,
    "file_read": file_cases.file_read,
    "simulation": simulation_cases.simulation,
    "scale-fibers": scale_cases.fibers,
    "scale-connections": scale_cases.connections,
}

HERE = pathlib.Path(__file__).parent

# More of the machine in other hands than this makes clock times and latencies worthless.
BUSY_SHARE = 0.05

# A case whose rounds lie far apart is measured again, so often in all where nothing else is asked for.
MOST_TRIES = 3

# What a program that is missing, dies, hangs or talks nonsense gives. It costs its case, and no other.
CASE_FAILURES = (OSError, RuntimeError, ValueError, TypeError, LookupError, subprocess.SubprocessError)

# Descriptors: as many as the largest cases take, and some.
WANTED_DESCRIPTORS = 65_536


@dataclasses.dataclass(frozen=True)
class Run:
    """What every case is given."""

    programs: programs.Programs
    quick: bool
    tries: int = MOST_TRIES

    @property
    def seconds(self):
        return 0.12 if self.quick else 0.8

    @property
    def warmup(self):
        return 0.05 if self.quick else 0.2

    def rounds(self, full, quick=1):
        return quick if self.quick else full

    def count(self, full):
        return full // 10 if self.quick else full


def choose(wanted):
    """The case of that name, or else all that begin with it."""
    chosen = set()
    for name in wanted:
        found = {name} & CASES.keys() or {case for case in CASES if case.startswith(name)}
        if not found:
            raise KeyError(name)
        chosen |= found
    return [name for name in CASES if name in chosen]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="the folder of the built programs")
    parser.add_argument("--quick", action="store_true", help="one short round of each case")
    parser.add_argument("--only", action="append", metavar="CASE", help=f"of {', '.join(CASES)}; a prefix will do")
    parser.add_argument("--client", choices=programs.CLIENTS, default="load_client",
                        help="who makes the load (default: load_client, in plain C)")
    parser.add_argument("--tries", type=int, default=MOST_TRIES, metavar="N",
                        help=f"how often a case is measured whose rounds lie far apart, at most (default: {MOST_TRIES})")
    parser.add_argument("--keep", action="store_true",
                        help="with --only: the results in the folder of the output, with the chosen cases measured anew")
    parser.add_argument("--output", type=pathlib.Path,
                        help="the folder to write to (default: beside this script for a full run or with --keep, else the build's)")
    parser.add_argument("--check", action="store_true", help="only look whether these arguments are right, before a build say")
    arguments = parser.parse_args()
    if arguments.keep and (arguments.quick or arguments.client != "load_client"):
        parser.error("--keep is for full measurements with load_client, as the kept ones are")
    if arguments.tries < 1:
        parser.error(f"--tries {arguments.tries}: a case is measured once at least")
    if arguments.output is None:
        whole = not arguments.quick and not arguments.only and arguments.client == "load_client"
        arguments.output = HERE if whole or arguments.keep else arguments.build
    try:
        arguments.cases = choose(arguments.only or [""])
    except KeyError as unknown:
        parser.error(f"no case begins with {unknown.args[0]}; there are {', '.join(CASES)}")
    if (os.cpu_count() or 1) < 2:
        parser.error("a server and its client need a core each, and here is one")
    return arguments


def kept(folder, measured_on):
    """The results there, what stays at their head, and what a case that is measured now tells of its machine."""
    head = report.read_facts(folder)
    machine_if_another = "" if machine.is_same(measured_on, head) else f", {machine.in_short(measured_on)}"
    return report.read(folder), head, machine_if_another


def allow_descriptors():
    """As many as the system lets us have, for all that are started from here."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(WANTED_DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def measure_case(run, name):
    """Again where the rounds lie too far apart, and then the steadiest of all tries."""
    tries = []
    while True:
        try:
            tries.append(CASES[name](run))
        except CASE_FAILURES as error:
            if not tries:
                raise
            measure.say(f"  this try failed: {error}")
            break
        spread, who = tries[-1].spread()
        if run.quick or len(tries) >= run.tries or spread <= measure.MOST_SPREAD:
            break
        measure.say(f"  the middle half of {who}'s rounds lies {100 * spread:.0f} % apart: again")
    steadiest = min(tries, key=lambda result: result.spread()[0])
    if len(tries) > 1:
        spreads = ", ".join(f"{100 * spread:.0f} % ({who})" for spread, who in (result.spread() for result in tries))
        steadiest.notes.append(f"Measured {len(tries)} times, as the middle half of the rounds lay more than {100 * measure.MOST_SPREAD:.0f} % "
                               f"apart: {spreads}. This is the steadiest.")
    return steadiest


def measure_cases(run, names, of_another_machine, results):
    """Measures them into `results`; returns those that failed, and whether all had their turn: who interrupts keeps what there is."""
    failed = []
    for name in names:
        measure.say(f"{name}:")
        try:
            taken = machine.circumstances(run.programs) + of_another_machine
            others_meanwhile = machine.OthersUsage()
            results[name] = measure_case(run, name)
            results[name].taken = taken
            results[name].others_share = others_meanwhile.share()
        except CASE_FAILURES as error:
            measure.say(f"  left out: {error!r}")
            failed.append(name)
            results.setdefault(name, measure.Result(name, name, notes=[f"left out: {error}"]))
            continue
        except KeyboardInterrupt:
            measure.say(f"\ninterrupted in {name}")
            return failed, False
        for check in results[name].checks:
            measure.say(f"  {report.check_line(check)}")
    return failed, True


def write_results(folder, facts, results, quick):
    raw = report.write(folder, facts, [results[name] for name in CASES if name in results], quick)
    measure.say(f"written: {folder / 'RESULTS.md'} and {folder / 'results.json'}")
    try:
        drawn = charts.write(folder / "charts", raw)
        measure.say(f"drawn in {folder / 'charts'}: {', '.join(drawn) or 'nothing'}")
    except FileNotFoundError as missing:
        measure.say(f"no charts: {missing}")


def main():
    arguments = parse_arguments()
    if arguments.check:
        return 0
    allow_descriptors()
    run = Run(programs.Programs(arguments.build, arguments.client), arguments.quick, arguments.tries)
    facts = machine.describe(run.programs) | {"load made by": arguments.client}
    results, of_another_machine = {}, ""
    if arguments.keep:
        results, facts, of_another_machine = kept(arguments.output, facts)
    others = machine.OthersUsage()
    failed, complete = measure_cases(run, arguments.cases, of_another_machine, results)
    share = others.share()
    if not arguments.keep:
        facts["taken by other programs"] = f"{100 * share:.1f} % of the machine's time during the run"
    if share > BUSY_SHARE:
        measure.say(f"other programs took {100 * share:.0f} % of the machine: do not trust times and latencies")
    # What is cut short replaces no whole run.
    folder = arguments.output if complete or arguments.keep or arguments.output != HERE else arguments.build
    write_results(folder, facts, results, arguments.quick)
    return 1 if failed or not complete else 0


if __name__ == "__main__":
    sys.exit(main())
