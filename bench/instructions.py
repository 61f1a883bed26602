#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Compares mioco's instruction counts with those in instructions.json or of another build, or rewrites that file.

Unlike times, counts are the same on a busy machine, so that CI can hold them. They depend on the compiler and its
flags: the file is for optimized builds (release, bench) by the compiler that it names. An echoed message has a limit
beside.
"""

import argparse
import json
import pathlib
import sys

import instruction_cases
import machine
import programs as p

STORE = pathlib.Path(__file__).with_name("instructions.json")
TOLERANCE = 0.03
# Of two builds by the same compiler, in one go.
COMPARED_TOLERANCE = 0.01
# Else many a change within the tolerance, each stored in its turn, could carry a count beyond what is promised.
LIMITS = {"echo": instruction_cases.ECHO_LIMIT_IN_TURNS}


def count_all(programs):
    counts = {name: round(count, 2) for name, count in instruction_cases.count_all_micro(programs).items()}
    counts["echo"] = round(instruction_cases.count_echo_in_turns(programs, p.MIOCO), 1)
    return counts


def check(counts, stored):
    """Prints each case and returns the names of those that moved."""
    moved = []
    for name, count in counts.items():
        if name not in stored:
            moved.append(name)
            print(f"{name}: {count} instructions, and instructions.json has no such case")
            continue
        change = count / stored[name] - 1
        within = abs(change) <= TOLERANCE
        print(f"{name}: {count} instructions, {stored[name]} stored, {100 * change:+.1f} %" +
              ("" if within else f": more than {100 * TOLERANCE:.0f} % apart"))
        if not within:
            moved.append(name)
    return moved


def compare(older, newer):
    """Prints both of each case and returns the names of those that grew."""
    changes = {name: count / older[name] - 1 for name, count in newer.items()}
    for name, change in changes.items():
        print(f"{name}: {older[name]} and {newer[name]} instructions, {100 * change:+.2f} %")
    return [name for name, change in changes.items() if change > COMPARED_TOLERANCE]


def above_limits(counts):
    """A line for each case that is above its limit, whatever is stored."""
    return [f"{name}: {counts[name]} instructions, above the limit of {limit}"
            for name, limit in LIMITS.items() if counts[name] > limit]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="the folder of the built programs")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true",
                        help="fail when a case is more than 3 %% off, or above its limit")
    action.add_argument("--update", action="store_true", help="rewrite instructions.json")
    action.add_argument("--compare", type=pathlib.Path, metavar="OLDER",
                        help="count another build's too; fail when a case takes over 1 %% more than there")
    arguments = parser.parse_args()

    try:
        counts = count_all(p.Programs(arguments.build))
        older = count_all(p.Programs(arguments.compare)) if arguments.compare else None
    except (FileNotFoundError, RuntimeError) as error:
        print(f"instructions.py: {error}", file=sys.stderr)
        return 1
    if older is not None:
        grown = compare(older, counts)
        if grown:
            print(f"take over {100 * COMPARED_TOLERANCE:.0f} % more instructions: {', '.join(grown)}", file=sys.stderr)
        return 1 if grown else 0
    if arguments.update:
        STORE.write_text(json.dumps({"compiler": machine.compiler(), "instructions": counts}, indent=4) + "\n",
                         encoding="utf-8")
        print(STORE.read_text(encoding="utf-8"), end="")
        return 0
    if not STORE.exists():
        print(f"{STORE} does not exist: make it with --update", file=sys.stderr)
        return 1
    above = above_limits(counts)
    for line in above:
        print(f"{line}; to store that count does not help", file=sys.stderr)
    moved = check(counts, json.loads(STORE.read_text(encoding="utf-8"))["instructions"])
    if moved:
        print(f"instruction counts moved: {', '.join(moved)}. If the change is meant, run instructions.py --update and "
              "name the cause in the commit message.", file=sys.stderr)
    return 1 if moved or above else 0


if __name__ == "__main__":
    sys.exit(main())
