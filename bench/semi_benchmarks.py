#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Repeats the comparison that the original published: two echo clients, bench1 and bench2, against servers of several kinds.

It builds nothing: `make semi-benchmarks` does, and then calls this with the build folder. Naive, as the original said of it: server
and client share the machine, and how fast the client is counts as well. For what a server costs see run.py.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys

import machine
import measure
import programs as p
import report

# benchmark-echo's message had this size.
DATA_BYTES = 2954
CPUS = os.cpu_count() or 1
ALL_CPUS = f"0-{CPUS - 1}"
TIMEOUT_S = 3600


@dataclasses.dataclass(frozen=True)
class Subject:
    """A server, on so many threads."""

    name: str
    peer: p.Peer
    workers: int = 1

    def start(self, found):
        return p.serve(found, self.peer, self.workers, ALL_CPUS)

    def there(self, found):
        return found.find(self.peer.program) is not None


THREADS = "1 thread" if CPUS == 1 else f"{CPUS} threads"
SUBJECTS = [Subject("libev", p.LIBEV), Subject("node", p.NODE), Subject("Go, 1 thread", p.GO),
            Subject("mioco, 1 thread", p.MIOCO)]
if CPUS > 1:
    SUBJECTS += [Subject(f"Go, {THREADS}", p.GO, CPUS), Subject(f"mioco, {THREADS}", p.MIOCO, CPUS)]


@dataclasses.dataclass(frozen=True)
class Sizes:
    rounds: int
    echoes: int
    seconds: int


FULL = Sizes(rounds=3, echoes=10_000, seconds=30)
QUICK = Sizes(rounds=1, echoes=100, seconds=1)


def write_data(folder):
    """A message like that of the original's data.json: JSON of its size."""
    content = {"records": [{"id": i, "name": f"record {i}", "value": i * 1.5} for i in range(50)], "rest": ""}
    content["rest"] = "x" * (DATA_BYTES - len(json.dumps(content)))
    path = folder / "data.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def run(command, pattern):
    """Runs a client, and returns the numbers in its line that matches."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    found = re.search(pattern, done.stdout)
    if done.returncode != 0 or found is None:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return found.groups()


def bench1(found, server, sizes, data):
    host, port = server.address.rsplit(":", 1)
    throughput, errors = run([found.need("benchmark-echo"), "-t64", "-c10", f"-e{sizes.echoes}", f"-f{data}", f"-p{port}", host],
                             r"Throughput: ([\d.]+) .*errors: (\d+)")
    if errors != "0":
        raise RuntimeError(f"{errors} echoes of benchmark-echo failed")
    return float(throughput)


def bench2(found, server, sizes, _data):
    _, responses = run([found.need("tcp_bench"), f"-a={server.address}", "-c=128", f"-t={sizes.seconds}"],
                       r"Speed: (\d+) request/sec, (\d+) response/sec")
    return float(responses)


BENCHES = {"bench1": bench1, "bench2": bench2}


def measure_all(found, subjects, sizes, data):
    """Requests a second: for each bench and subject the list of its rounds."""
    results = {}
    for name, bench in BENCHES.items():
        measure.say(f"{name}:")

        def once(subject, bench=bench):
            with subject.start(found) as server:
                return bench(found, server, sizes, data)

        results[name] = measure.interleave(sizes.rounds, {s.name: s for s in subjects}, once)
    return results


def rate_table(results, subjects):
    """As the original printed it, in thousands."""
    return [{"": f"`{s.name}`"} | {f"`{bench}`": f"{max(results[bench][s.name]) / 1000:.0f}" for bench in BENCHES} for s in subjects]


def ratio_table(samples, subjects):
    """Of one bench: each server to each rival, and how far its rounds lie apart."""
    rows = []
    for subject in subjects:
        row = {"": subject.name}
        for rival in subjects:
            if rival.peer is not p.MIOCO:
                row[f"to {rival.name}"] = f"{max(samples[subject.name]) / max(samples[rival.name]):.2f}"
        row["least to most, thousands"] = measure.spread([rate / 1000 for rate in samples[subject.name]], 0)
        rows.append(row)
    return rows


def text(facts, results, subjects, sizes, quick):
    lines = ["# Semi-benchmarks", "", "Written by `make semi-benchmarks`.", ""]
    if quick:
        lines += ["**A quick run, good for trying the command and for nothing else.**", ""]
    lines += [f"In thousands of requests a second, the best round of {sizes.rounds}:", "",
              *report.table(rate_table(results, subjects)), ""]
    for bench in BENCHES:
        lines += [f"## {bench}, as ratios", "", *report.table(ratio_table(results[bench], subjects)), ""]
    lines += ["## What was run", "",
              f"- `bench1`: `benchmark-echo -t64 -c10 -e{sizes.echoes} -fdata.json`, with a message of {DATA_BYTES:,} bytes",
              f"- `bench2`: `tcp_bench -c=128 -t={sizes.seconds}`, with 26 bytes",
              "- Server and client share all cores, as in the original's runs.", "",
              *report.table([{"what": name, "on this run": value} for name, value in facts.items()]), ""]
    return "\n".join(lines)


def describe(found, left_out):
    wanted = ("date", "processor", "cores", "memory", "kernel", "compiler", "load", p.LIBEV.name, p.GO.name, p.NODE.name)
    facts = {name: value for name, value in machine.describe(found).items() if name in wanted}
    facts["mioco"] = found.commit
    if left_out:
        facts["not there, so left out"] = ", ".join(left_out)
    return facts


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="the folder of the built programs")
    parser.add_argument("--rounds", type=int, metavar="N", help=f"how often to measure each (default: {FULL.rounds})")
    parser.add_argument("--quick", action="store_true", help="tiny runs, to try the command; written to the build folder")
    parser.add_argument("--output", type=pathlib.Path, help="the file to write (default: SEMI-BENCHMARKS.md, beside this script)")
    arguments = parser.parse_args()
    if arguments.output is None:
        folder = arguments.build if arguments.quick else pathlib.Path(__file__).parent
        arguments.output = folder / "SEMI-BENCHMARKS.md"
    return arguments


def main():
    arguments = parse_arguments()
    sizes = QUICK if arguments.quick else FULL
    if arguments.rounds is not None:
        sizes = dataclasses.replace(sizes, rounds=max(1, arguments.rounds))
    found = p.Programs(arguments.build)
    subjects = [s for s in SUBJECTS if s.there(found)]
    facts = describe(found, [s.name for s in SUBJECTS if s not in subjects])
    others = machine.OthersUsage()
    results = measure_all(found, subjects, sizes, write_data(arguments.build))
    facts["taken by other programs"] = f"{100 * others.share():.1f} % of the machine's time during the run"
    written = text(facts, results, subjects, sizes, arguments.quick)
    print(written)
    arguments.output.write_text(written, encoding="utf-8")
    measure.say(f"written: {arguments.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
