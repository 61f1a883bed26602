#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Compares mioco's instruction counts with those in instructions.json, or rewrites that file.

Unlike times, counts are the same on a busy machine, so that CI can hold them. They depend on the compiler and its
flags: the file is for the bench preset with the compiler that it names.
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


def count_all(programs):
    counts = {name: round(instruction_cases.count_micro(programs, name), 2) for name in instruction_cases.MICRO}
    counts["echo"] = round(instruction_cases.count_echo(programs, p.MIOCO), 1)
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="the folder of the built programs")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true", help="fail when a case is more than 3 %% off")
    action.add_argument("--update", action="store_true", help="rewrite instructions.json")
    arguments = parser.parse_args()

    try:
        counts = count_all(p.Programs(arguments.build))
    except (FileNotFoundError, RuntimeError) as error:
        print(f"instructions.py: {error}", file=sys.stderr)
        return 1
    if arguments.update:
        STORE.write_text(json.dumps({"compiler": machine.compiler(), "instructions": counts}, indent=4) + "\n",
                         encoding="utf-8")
        print(STORE.read_text(encoding="utf-8"), end="")
        return 0
    if not STORE.exists():
        print(f"{STORE} does not exist: make it with --update", file=sys.stderr)
        return 1
    moved = check(counts, json.loads(STORE.read_text(encoding="utf-8"))["instructions"])
    if moved:
        print(f"instruction counts moved: {', '.join(moved)}. If the change is meant, run instructions.py --update and "
              "name the cause in the commit message.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
