#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""gdb shows the fibers of a program by the library's script: in a process, and in a core dump of it. That dump is made by gdb, which loses
stacks that have the other kind of guard."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(sys.argv.pop(1))
PROGRAM = BUILD / "tests/debugger/parked_program"
HAS_SANITIZER = re.search("^MIOCO_SANITIZE:[A-Z]+=.+", (BUILD / "CMakeCache.txt").read_text(), re.M) is not None
in_core_dumps = unittest.skipIf(HAS_SANITIZER, "what a sanitizer maps makes a core dump of terabytes")
SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "src/debug/gdb/mioco-gdb.py"


def gdb(*commands, program=PROGRAM, arguments=(), **environment):
    """What gdb says to commands, all of them and each by itself."""
    options = ["-ex=set confirm off", "-ex=set debuginfod enabled off", f"-ex=source {SCRIPT}"]
    for number, command in enumerate(commands):
        options += [f"-ex=echo ==={number}\\n", f"-ex={command}"]
    done = subprocess.run(["gdb", "-q", "-nx", "-batch", *options, program, *arguments],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          text=True, errors="replace", check=False, env={**os.environ, "MIOCO_GUARD": "mprotect", **environment})
    return done.stdout, re.split(r"^===\d+$", done.stdout, flags=re.M)[1:]


def functions_in(text):
    return re.findall(r"^    #\d+ +0x[0-9a-f]{16} in (.*)$", text, re.M)


class Debugger(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.core = pathlib.Path(folder.name) / "core"
        show = ["mioco fibers", "mioco bt all"]
        keep = "echo" if HAS_SANITIZER else f"generate-core-file {cls.core}"
        cls.live_text, cls.live = gdb("run", keep, *show, "mioco bt 0", "mioco bt all", "backtrace 1")
        if not HAS_SANITIZER:
            cls.dead_text, cls.dead = gdb(*show, arguments=[cls.core])
        cls.live = cls.live[2:]

    def id_of(self, name):
        return re.search(f'^fiber ([0-9]+) "{name}"', self.live[0], re.M)[1]

    def expect_list(self, text, whole, since):
        for line in (f'"main": waits for join, {since}', f'"receives": waits for receive, {since}', f'"sleeps": waits for sleep, {since}',
                     '"stops": runs in thread [0-9]+', '"unborn": ready, has not begun'):
            self.assertRegex(text, re.compile(f"^fiber [0-9]+ {line}$", re.M), whole)
        self.assertEqual(len(text.strip().splitlines()), 5, whole)

    def test_lists_the_fibers_of_a_process(self):
        self.expect_list(self.live[0], self.live_text, r"for [0-9]+\.[0-9]{3} s")

    @in_core_dumps
    def test_lists_those_in_a_core_dump(self):
        self.expect_list(self.dead[0], self.dead_text, r"since [0-9]+\.[0-9]{3} s before the last one that waits")

    def expect_calls(self, text, whole):
        parts = dict(re.findall(r'^fiber \d+ "(\w+)".*\n((?:    .*\n)*)', text, re.M))
        received = functions_in(parts["receives"])
        self.assertEqual(sum("debugged::receives" in each for each in received), 4, whole)
        self.assertEqual(sum("debugged::sleeps" in each for each in functions_in(parts["sleeps"])), 1, whole)
        for name in ("main", "receives", "sleeps"):
            self.assertIn("mioco_start", functions_in(parts[name])[-1], whole)
        self.assertEqual(parts["stops"], "", whole)
        self.assertEqual(parts["unborn"], "", whole)

    def test_shows_the_calls_of_parked_fibers(self):
        self.expect_calls(self.live[1], self.live_text)

    @in_core_dumps
    def test_shows_calls_in_a_core_dump(self):
        self.expect_calls(self.dead[1], self.dead_text)

    def test_leaves_the_threads_calls_as_they_were(self):
        self.assertNotIn("debugged::receives", self.live[4], self.live_text)
        self.assertRegex(self.live[4], "^\n?#0 ", self.live_text)

    def test_refuses_what_is_no_fiber(self):
        self.assertIn("There is no fiber 0", self.live[2], self.live_text)

    @in_core_dumps
    def test_does_any_command_with_a_fiber(self):
        number = self.id_of("receives")
        text, parts = gdb(f"mioco with {number} backtrace", f"mioco bt {number}", "mioco bt x", "mioco with 1", arguments=[self.core])
        self.assertEqual(len(re.findall("^#[0-9].*debugged::receives", parts[0], re.M)), 4, text)
        self.assertEqual(sum("debugged::receives" in each for each in functions_in(parts[1])), 4, text)
        self.assertIn('"x" is no fiber', parts[2], text)
        self.assertIn("Usage", parts[3], text)

    def test_says_what_is_missing(self):
        text, parts = gdb("mioco fibers")
        self.assertIn("There is no process", parts[0], text)

    @in_core_dumps
    def test_says_that_the_program_is_stripped(self):
        with tempfile.TemporaryDirectory() as folder:
            stripped = pathlib.Path(folder) / "stripped"
            subprocess.run(["strip", "-o", stripped, PROGRAM], check=True)
            text, parts = gdb("mioco fibers", program=stripped, arguments=[self.core])
            self.assertIn("There is no symbol mioco_gdb_layout here", parts[0], text)
            self.assertIn("stripped", parts[0], text)


if __name__ == "__main__":
    unittest.main()
