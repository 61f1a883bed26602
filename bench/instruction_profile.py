#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Tells where the instructions of an operation are spent:  instruction_profile.py BUILD CASE

The same counts as those of instructions.py, divided by the source files that they come from, inlined code too. That takes a build
with line tables: cmake --preset bench -B build/profile -DCMAKE_CXX_FLAGS=-g1
"""

import argparse
import collections
import pathlib
import re
import subprocess
import sys
import tempfile

import instruction_cases as cases
import programs as p

LEAST_TOLD = 0.5  # instructions an operation; what is less is told together
ROOT = pathlib.Path(__file__).resolve().parent.parent


def costs_by_file(report):
    """Of what callgrind_annotate prints: own instructions by the file of the source, or by the object where that is not known."""
    costs = collections.Counter()
    for line in report.splitlines():
        found = re.match(r"\s*([\d,]+)(?: \([^)]*\))?  ([^:]+):(?:.*\[(.*)\])?", line)
        if found and not line.rstrip().endswith("TOTALS"):
            count, source, of_object = found.groups()
            costs[source if source != "???" else pathlib.Path(of_object or source).name] += int(count.replace(",", ""))
    return costs


def in_short(name):
    path = pathlib.Path(name)
    if not path.is_absolute():
        return name
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name


def measured(count):
    """What `count` costs when it is handed callgrind's command."""
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / "out"
        count(("valgrind", "--tool=callgrind", f"--callgrind-out-file={output}"))
        annotate = ["callgrind_annotate", "--threshold=100", "--auto=no", output]
        return costs_by_file(subprocess.run(annotate, check=True, capture_output=True, text=True).stdout)


def difference(programs, case):
    """Instructions an operation, by file."""
    if case == "echo":
        short, long = cases.SHORT_ECHOES, cases.LONG_ECHOES
        operations = long - short
        runs = [measured(lambda callgrind, n=n: cases.run_echoes(programs, p.MIOCO, n, callgrind)) for n in (short, long)]
    else:
        program, *arguments, operations = cases.MICRO[case]
        path = programs.need(program)
        runs = [measured(lambda callgrind, a=a: cases.run_program([path, *a], callgrind)) for a in arguments]
    few, many = runs
    costs = collections.Counter()
    for name in many:
        costs[in_short(name)] += (many[name] - few[name]) / operations
    return costs


def table(costs):
    told = [(name, cost) for name, cost in costs.most_common() if cost >= LEAST_TOLD]
    rest = sum(costs.values()) - sum(cost for _, cost in told)
    return "\n".join(["| where | instructions |", "|---|---:|", *(f"| `{name}` | {cost:.1f} |" for name, cost in told),
                      f"| others | {rest:.1f} |", f"| together | {sum(costs.values()):.1f} |"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="the folder of the built programs")
    parser.add_argument("case", choices=("echo", *cases.MICRO))
    arguments = parser.parse_args()
    try:
        print(table(difference(p.Programs(arguments.build), arguments.case)))
    except (FileNotFoundError, RuntimeError) as error:
        print(f"instruction_profile.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
