#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""bench/semi_benchmarks.py starts servers and clients, reads what these print, and tells of it in the original's form.

Usage: semi_benchmarks_test.py BUILD_FOLDER. The runs are as short as can be: what is shown here is the command, no figure.
"""

import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

BUILD = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "bench"))

import programs
import semi_benchmarks as semi

TINY = semi.Sizes(rounds=1, echoes=1, seconds=1)
OURS = semi.Subject("mioco, 1 thread", programs.MIOCO)


def a_client(folder, prints, status=0):
    path = pathlib.Path(folder) / "client"
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{prints}\nEND\nexit {status}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


class Found:
    """Instead of a build folder: every program is this one."""

    def __init__(self, program):
        self.program = program

    def need(self, _name):
        return self.program


class Server:
    address = "127.0.0.1:1"


class SemiBenchmarks(unittest.TestCase):
    def bench(self, bench, prints, status=0):
        with tempfile.TemporaryDirectory() as folder:
            return bench(Found(a_client(folder, prints, status)), Server, TINY, "data.json")

    def test_the_clients_lines_are_read(self):
        self.assertEqual(self.bench(semi.bench1, "Throughput: 157000.25 [reqests/sec], errors: 0"), 157000.25)
        of_old = ("Benchmarking: 127.0.0.1:1\n128 clients, running 26 bytes, 1 sec.\n\n"
                  "Speed: 171022 request/sec, 171020 response/sec\nRequests: 171022\nResponses: 171020")
        self.assertEqual(self.bench(semi.bench2, of_old), 171020)

    def test_a_client_that_fails_ends_the_run(self):
        for bench, prints, status in ((semi.bench1, "Throughput: 1.00 [reqests/sec], errors: 3", 0),
                                      (semi.bench1, "Throughput: 1.00 [reqests/sec], errors: 0", 1),
                                      (semi.bench2, "nothing of use", 0)):
            with self.assertRaises(RuntimeError):
                self.bench(bench, prints, status)

    def test_the_message_has_the_originals_size(self):
        with tempfile.TemporaryDirectory() as folder:
            path = semi.write_data(pathlib.Path(folder))
            self.assertEqual(path.stat().st_size, 2954)
            json.loads(path.read_text(encoding="utf-8"))

    def test_figures_are_told_in_thousands_and_as_ratios(self):
        subjects = [semi.Subject("libev", programs.LIBEV), OURS, semi.Subject("mioco, 8 threads", programs.MIOCO, 8)]
        results = {"bench1": {"libev": [158_000, 150_000], "mioco, 1 thread": [116_000, 79_000], "mioco, 8 threads": [341_000]},
                   "bench2": {"libev": [167_000], "mioco, 1 thread": [127_000], "mioco, 8 threads": [333_000]}}
        told = semi.text({"kernel": "6.1"}, results, subjects, semi.FULL, quick=False)
        for row in ("| `libev` | 158 | 167 |", "| `mioco, 1 thread` | 116 | 127 |", "| `mioco, 8 threads` | 341 | 333 |",
                    "| mioco, 1 thread | 0.73 | 79 to 116 |", "| mioco, 8 threads | 1.99 | 333 to 333 |", "| kernel | 6.1 |",
                    "benchmark-echo -t64 -c10 -e10000 -fdata.json", "tcp_bench -c=128 -t=30"):
            self.assertIn(row, told)
        self.assertNotIn("quick run", told)

    def test_a_run_from_end_to_end(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            for program in ("examples/echo", "tools/load/benchmark-echo", "tools/load/tcp_bench"):
                (folder / program).parent.mkdir(parents=True, exist_ok=True)
                (folder / program).symlink_to((BUILD / program).resolve())
            printed = io.StringIO()
            absent = semi.Subject("libev", programs.LIBEV)
            with (mock.patch.object(semi, "QUICK", TINY), mock.patch.object(semi, "SUBJECTS", [absent, OURS]),
                  mock.patch.object(sys, "argv", ["semi_benchmarks.py", name, "--quick"]),
                  contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO())):
                self.assertEqual(semi.main(), 0)
            written = (folder / "SEMI-BENCHMARKS.md").read_text(encoding="utf-8")
            self.assertEqual(printed.getvalue().strip(), written.strip())
            self.assertRegex(written, r"(?m)^\| `mioco, 1 thread` \| \d+ \| \d+ \|$")
            self.assertRegex(written, r"(?m)^\| not there, so left out \| libev \|$")
            self.assertIn("**A quick run", written)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
