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
import sys

import cancel_cases
import echo_cases
import file_cases
import instruction_cases
import machine
import measure
import micro_cases
import programs
import report
import simulation_cases
import wait_cases

CASES = {
    "echo-128-pingpong": functools.partial(echo_cases.echo, connections=128, depth=1),
    "echo-1000-pingpong": functools.partial(echo_cases.echo, connections=1000, depth=1),
    "echo-128-pipelined": functools.partial(echo_cases.echo, connections=128, depth=echo_cases.PIPELINE_DEPTH),
    "echo-1000-pipelined": functools.partial(echo_cases.echo, connections=1000, depth=echo_cases.PIPELINE_DEPTH),
    "instructions": instruction_cases.compare_echo,
    "idle-memory": echo_cases.idle_memory,
    "two-workers": echo_cases.two_workers,
    "computing": echo_cases.computing,
    "context_switch": micro_cases.context_switch,
    "yield": micro_cases.yield_case,
    "spawn_join": micro_cases.spawn_join,
    "batch_spawn": micro_cases.batch_spawn,
    "parked_memory": micro_cases.parked_memory,
    "channel_pingpong": wait_cases.channel_pingpong,
    "event_pingpong": wait_cases.event_pingpong,
    "broadcast_pingpong": wait_cases.broadcast_pingpong,
    "channel_stream": wait_cases.channel_stream,
    "select_receive": wait_cases.select_receive,
    "mutex_alone": wait_cases.mutex_alone,
    "mutex_yielding": wait_cases.mutex_yielding,
    "sleep": wait_cases.sleep,
    "timers": wait_cases.timers,
    "deadline_read": cancel_cases.deadline_read,
    "scope_spawn": cancel_cases.scope_spawn,
    "cancel_throw": cancel_cases.cancel_throw,
    "file_read": file_cases.file_read,
    "simulation": simulation_cases.simulation,
}

HERE = pathlib.Path(__file__).parent

# More of the machine in other hands than this makes clock times and latencies worthless.
BUSY_SHARE = 0.05


@dataclasses.dataclass(frozen=True)
class Run:
    """What every case is given."""

    programs: programs.Programs
    quick: bool

    @property
    def seconds(self):
        return 0.3 if self.quick else 1.5

    def rounds(self, full):
        return 1 if self.quick else full

    def count(self, full):
        return full // 10 if self.quick else full


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="the folder of the built programs")
    parser.add_argument("--quick", action="store_true", help="one short round of each case")
    parser.add_argument("--only", action="append", metavar="CASE", help=f"of {', '.join(CASES)}; a prefix will do")
    parser.add_argument("--client", choices=("load_client", "mioco-load"), default="load_client",
                        help="who makes the load (default: load_client, in plain C)")
    parser.add_argument("--keep", action="store_true",
                        help="with --only: the results in the folder of the output, with the chosen cases measured anew")
    parser.add_argument("--output", type=pathlib.Path,
                        help="the folder to write to (default: beside this script for a full run or with --keep, else the build's)")
    arguments = parser.parse_args()
    if arguments.keep and (arguments.quick or arguments.client != "load_client"):
        parser.error("--keep is for full measurements with load_client, as the kept ones are")
    if arguments.output is None:
        whole = not arguments.quick and not arguments.only and arguments.client == "load_client"
        arguments.output = HERE if whole or arguments.keep else arguments.build
    prefixes = tuple(arguments.only or [""])
    arguments.cases = [name for name in CASES if name.startswith(prefixes)]
    if not arguments.cases:
        parser.error(f"no case begins with {', '.join(prefixes)}; there are {', '.join(CASES)}")
    if (os.cpu_count() or 1) < 2:
        parser.error("a server and its client need a core each, and here is one")
    return arguments


def kept(folder, measured_on):
    """The results there, what stays at their head, and what a case that is measured now tells of its machine."""
    head = report.read_facts(folder)
    machine_if_another = "" if machine.is_same(measured_on, head) else f", {machine.in_short(measured_on)}"
    return report.read(folder), head, machine_if_another


def main():
    arguments = parse_arguments()
    run = Run(programs.Programs(arguments.build, arguments.client), arguments.quick)
    facts = machine.describe(run.programs) | {"load made by": arguments.client}
    results, of_another_machine = {}, ""
    if arguments.keep:
        results, facts, of_another_machine = kept(arguments.output, facts)
    failed = []
    others = machine.OthersUsage()
    for name in arguments.cases:
        measure.say(f"{name}:")
        taken = machine.circumstances(run.programs) + of_another_machine
        others_meanwhile = machine.OthersUsage()
        try:
            results[name] = CASES[name](run)
            results[name].taken = taken
            results[name].others_share = others_meanwhile.share()
        except (FileNotFoundError, RuntimeError) as error:
            measure.say(f"  left out: {error}")
            failed.append(name)
            results[name] = measure.Result(name, name, notes=[f"left out: {error}"])
        for check in results[name].checks:
            measure.say(f"  {report.check_line(check)}")
    share = others.share()
    if not arguments.keep:
        facts["taken by other programs"] = f"{100 * share:.1f} % of the machine's time during the run"
    if share > BUSY_SHARE:
        measure.say(f"other programs took {100 * share:.0f} % of the machine: do not trust times and latencies")
    in_order = [results[name] for name in CASES if name in results]
    report.write(arguments.output, facts, in_order, arguments.quick)
    measure.say(f"written: {arguments.output / 'RESULTS.md'} and {arguments.output / 'results.json'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
