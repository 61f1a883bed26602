#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""bench/run.py tells of each case when and of which commit it was measured, and how busy the machine was meanwhile.

Usage: run_test.py BUILD_FOLDER. Nothing is measured here: the cases are stand-ins, and so is the machine's clock.
"""

import contextlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "bench"))

import echo_cases
import machine
import measure
import programs
import report
import run
import simulation_cases

OLD_TAKEN = "2026-11-25 13:04 UTC, when a bare switch took 2.0 ns"
# As it was stored before there were commits and shares.
OLD_CASE = {"name": "old", "title": "An old one", "rows": [], "checks": [], "notes": [], "samples": {},
            "taken": OLD_TAKEN}


class Clock:
    """Instead of the machine's: seconds that were busy, ours, stolen, and all there were."""

    def __init__(self):
        self.now = (0.0, 0.0, 0.0, 0.0)

    def case(self, name, ours, others):
        """A case of 100 seconds, in which we and others take so many."""
        def measured(_run):
            busy, mine, stolen, total = self.now
            self.now = (busy + ours + others, mine + ours, stolen, total + 100)
            return measure.Result(name, f"Case {name}")
        return measured


class Folder(unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.folder = pathlib.Path(made.name)


class Commit(Folder):
    def git(self, *arguments):
        command = ["git", "-C", self.folder, "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def make_repository(self):
        """With a git that knows nothing of a repository or a user around, who may run this in a hook."""
        if shutil.which("git") is None:
            self.skipTest("git is not installed")
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        patched = mock.patch.dict(os.environ, clean | {"GIT_CONFIG_GLOBAL": os.devnull}, clear=True)
        patched.start()
        self.addCleanup(patched.stop)
        self.git("init")
        (self.folder / "file").write_text("one\n", encoding="utf-8")
        self.git("add", "file")
        self.git("commit", "-m", "one")

    def test_is_named_as_git_does(self):
        self.make_repository()
        head = self.git("rev-parse", "--short", "HEAD")
        self.assertEqual(programs.commit(self.folder), head)
        (self.folder / "file").write_text("two\n", encoding="utf-8")
        self.assertEqual(programs.commit(self.folder), f"{head}-dirty")

    def test_is_not_that_of_a_repository_around(self):
        self.make_repository()
        (self.folder / "unpacked").mkdir()
        self.assertEqual(programs.commit(self.folder / "unpacked"), "this tree")

    def test_is_unknown_without_repository_or_git(self):
        self.assertEqual(programs.commit(self.folder), "this tree")
        (self.folder / ".git").mkdir()
        self.assertEqual(programs.commit(self.folder), "this tree")
        with mock.patch.dict(os.environ, {"PATH": str(self.folder)}):
            self.assertEqual(programs.commit(self.folder), "this tree")

    def test_is_told_for_mioco(self):
        with mock.patch.object(programs, "commit", return_value="abc1234"):
            self.assertEqual(programs.Programs(self.folder).version(programs.MIOCO), "abc1234")


class Rivals(Folder):
    def a_server(self, peer, does):
        path = self.folder / peer.program
        path.write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
        path.chmod(0o755)

    def test_what_does_not_start_here_is_left_out_and_told(self):
        self.a_server(programs.RAW, "echo listening on 127.0.0.1:1; exec sleep 60")
        self.a_server(programs.RAW_URING, "echo 'io_uring_queue_init: Operation not permitted' >&2; exit 1")
        found = programs.Programs(self.folder)
        proxy = programs.Peer("a proxy", "proxy")
        self.a_server(proxy, "echo 'usage: proxy LISTEN FORWARD' >&2; exit 2")
        self.assertEqual(found.peers(), [programs.RAW])
        self.assertEqual(found.peers([programs.RAW, programs.RAW_URING, proxy]), [programs.RAW, proxy])
        self.assertIsNone(found.failure(programs.RAW))
        self.assertIn("Operation not permitted", found.failure(programs.RAW_URING))

    def test_what_hangs_before_it_listens_is_left_out(self):
        self.a_server(programs.RAW, "exec sleep 1000")
        with mock.patch.object(programs, "START_TIMEOUT_S", 0.1):
            self.assertIn("no address in its first line", programs.Programs(self.folder).failure(programs.RAW))


class Run(Folder):
    def run_cases(self, cases, *options, commit="abc1234", processor="ours", ends_with=0):
        """Runs main with these cases and returns what it wrote: the text, and the JSON."""
        clock = Clock()
        facts = {"processor": processor, "cores": "2", "kernel": "6.1", "compiler": "c++ 12"}
        cases = {name: clock.case(name, *seconds) for name, seconds in cases.items()}
        arguments = ["run.py", str(self.folder), "--output", str(self.folder), *options]
        with (mock.patch.object(run, "CASES", cases), mock.patch.object(run, "HERE", self.folder),
              mock.patch.object(machine.OthersUsage, "_times", side_effect=lambda: clock.now),
              mock.patch.object(programs, "commit", return_value=commit), mock.patch("os.cpu_count", return_value=2),
              mock.patch.object(machine, "describe", side_effect=lambda _: dict(facts)),
              mock.patch.object(sys, "argv", arguments), contextlib.redirect_stderr(io.StringIO())):
            self.assertEqual(run.main(), ends_with)
        return ((self.folder / "RESULTS.md").read_text(encoding="utf-8"),
                json.loads((self.folder / "results.json").read_text(encoding="utf-8")))

    def test_a_case_tells_its_commit_and_what_others_took_meanwhile(self):
        text, raw = self.run_cases({"calm": (60, 0), "busy": (50, 25)})
        line = r"- Measured \S+ \S+ UTC, of abc1234; other programs took {} % of the machine's time meanwhile\n"
        self.assertRegex(text, r"## Case calm\n\n" + line.format("0.0"))
        self.assertRegex(text, r"## Case busy\n\n" + line.format("25.0"))
        self.assertIn("12.5 % of the machine's time during the run", text)
        self.assertEqual([raw["cases"][name]["others_share"] for name in ("calm", "busy")], [0.0, 0.25])

    def test_a_case_that_fails_costs_no_other(self):
        hung = mock.Mock(side_effect=subprocess.TimeoutExpired("server", 10))
        told_nothing = mock.Mock(side_effect=KeyError("cpu_ns"))
        with (mock.patch.object(run, "CASES", {"hung": hung, "mute": told_nothing, "good": lambda _: measure.Result("good", "Case good")}),
              mock.patch.object(machine, "describe", return_value={}),
              mock.patch.object(sys, "argv", ["run.py", str(self.folder), "--output", str(self.folder)]),
              contextlib.redirect_stderr(io.StringIO())):
            self.assertEqual(run.main(), 1)
        text = (self.folder / "RESULTS.md").read_text(encoding="utf-8")
        self.assertRegex(text, r"## hung\n\n- left out: .*timed out")
        self.assertRegex(text, r"## mute\n\n- left out: .*cpu_ns")
        self.assertIn("## Case good", text)

    def test_an_interrupted_run_keeps_what_it_has_and_replaces_no_whole_one(self):
        build = self.folder / "build"
        build.mkdir()
        self.run_cases({"first": (50, 0), "second": (50, 0)})
        cases = {"first": lambda _: measure.Result("first", "First anew"), "second": mock.Mock(side_effect=KeyboardInterrupt)}
        with (mock.patch.object(run, "CASES", cases), mock.patch.object(run, "HERE", self.folder),
              mock.patch.object(machine, "describe", return_value={}), mock.patch.object(sys, "argv", ["run.py", str(build)]),
              contextlib.redirect_stderr(io.StringIO())):
            self.assertEqual(run.main(), 1)
        self.assertIn("## Case second", (self.folder / "RESULTS.md").read_text(encoding="utf-8"))
        self.assertIn("## First anew", (build / "RESULTS.md").read_text(encoding="utf-8"))

    def test_arguments_can_be_checked_without_a_measurement(self):
        def ends_with(*options):
            with (mock.patch.object(run, "CASES", {"good": mock.Mock(side_effect=AssertionError)}),
                  mock.patch.object(sys, "argv", ["run.py", str(self.folder), "--check", *options]),
                  contextlib.redirect_stderr(io.StringIO()) as said):
                try:
                    return run.main(), ""
                except SystemExit as refused:
                    return refused.code, said.getvalue()

        self.assertEqual(ends_with("--only", "good"), (0, ""))
        self.assertEqual(list(self.folder.iterdir()), [])
        code, said = ends_with("--only", "nosuch")
        self.assertEqual(code, 2)
        self.assertIn("no case begins with nosuch; there are good", said)

    def test_a_kept_case_tells_of_its_own_run(self):
        cases = {"kept": (50, 25), "anew": (50, 10)}
        self.run_cases(cases, commit="abc1234")
        text, _ = self.run_cases(cases, "--keep", "--only", "anew", commit="def5678")
        self.assertRegex(text, r"## Case kept\n\n- Measured .* UTC, of abc1234; other programs took 25\.0 %")
        self.assertRegex(text, r"## Case anew\n\n- Measured .* UTC, of def5678; other programs took 10\.0 %")

    def test_a_kept_case_outlives_a_failure_to_measure_it_anew(self):
        cases = {"once": (50, 25)}
        self.run_cases(cases)
        failing = mock.Mock(side_effect=RuntimeError("it died"))
        with mock.patch.object(run, "measure_case", failing):
            text, _ = self.run_cases(cases, "--keep", "--only", "once", ends_with=1)
        self.assertRegex(text, r"## Case once\n\n- Measured .*; other programs took 25\.0 %")

    def test_a_failure_in_a_further_try_leaves_the_tries_before(self):
        unsteady = measure.Result("once", "Case once")
        unsteady.figure("ns", {"mioco": [1, 2, 3, 4, 5]})
        tries = mock.Mock(side_effect=[unsteady, RuntimeError("it died")])
        with mock.patch.object(run, "CASES", {"once": tries}), contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertIs(run.measure_case(mock.Mock(quick=False, tries=3), "once"), unsteady)
        self.assertIn("it died", said.getvalue())

    def test_a_case_of_another_machine_names_it(self):
        cases = {"kept": (50, 0), "anew": (50, 25)}
        self.run_cases(cases)
        text, _ = self.run_cases(cases, "--keep", "--only", "anew", processor="theirs")
        self.assertRegex(text, r"## Case anew\n\n- Measured .*, of abc1234, on 2 x theirs, 6\.1, c\+\+ 12; other programs took 25\.0 %")
        text, _ = self.run_cases(cases, "--keep", "--only", "anew")
        self.assertRegex(text, r"## Case anew\n\n- Measured .*, of abc1234; other programs took 25\.0 %")

    def test_the_head_stays_that_of_the_whole_run(self):
        cases = {"kept": (50, 0), "anew": (50, 25)}
        _, whole = self.run_cases(cases)
        for processor in ("theirs", "ours"):
            _, partly = self.run_cases(cases, "--keep", "--only", "anew", processor=processor)
            self.assertEqual(partly["machine"], whole["machine"])

    def test_what_was_stored_without_commit_and_share_is_kept_as_it_is(self):
        raw = {"machine": {}, "quick": False, "cases": {"old": OLD_CASE}}
        (self.folder / "results.json").write_text(json.dumps(raw), encoding="utf-8")
        for _ in range(2):  # as it was stored then, and as it is stored now
            text, _ = self.run_cases({"old": (0, 0), "anew": (50, 10)}, "--keep", "--only", "anew")
            self.assertIn(f"## An old one\n\n- Measured {OLD_TAKEN}\n\n", text)


class Committed(unittest.TestCase):
    def test_results_can_be_read(self):
        results = report.read(run.HERE)
        self.assertIn("- Measured ", report.markdown({}, results.values(), quick=False))


class Computing(unittest.TestCase):
    def test_tells_that_the_p99_is_judged(self):
        sample = {"p50_us": 1, "p99_us": 99, "p99_9_us": 999, "max_us": 9999, "server_cpu_ns": 1, "requests": 1}
        with (mock.patch.object(programs, "Server"), mock.patch.object(programs, "load", return_value=sample),
              contextlib.redirect_stderr(io.StringIO())):
            check, = echo_cases.computing(mock.Mock(rounds=lambda _: 1)).checks
        self.assertEqual(check.value, 99)
        self.assertTrue(check.what.startswith("p99 "), check.what)


class Simulation(unittest.TestCase):
    def test_judges_the_middle_of_the_rounds_by_processor_time(self):
        def sample(cpu_ns, cpu_s):
            return {"count": 10, "wall_ns": 9999, "cpu_ns": cpu_ns, "wall_s": 99, "cpu_s": cpu_s, "simulated_s": 3600.1}
        samples = {"events": [sample(ns, 1) for ns in (900, 1000, 9000)], "hour": [sample(1, s) for s in (5, 60, 11)]}
        rounds = mock.Mock(rounds=lambda _: 3)
        with (mock.patch.object(programs, "run_json", side_effect=lambda command, _: samples[command[1]].pop(0)),
              contextlib.redirect_stderr(io.StringIO())):
            event, hour = simulation_cases.simulation(rounds).checks
        self.assertEqual((event.value, event.met), (1000, True))
        self.assertEqual((hour.value, hour.met), (11, False))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
