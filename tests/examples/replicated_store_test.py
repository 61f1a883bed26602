#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The replicated store: a simulation finds the planted mistake, and does the same again; without the mistake nothing is lost, and real
sockets find nothing either. Gets the build folder as argument."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

BUILD = pathlib.Path(sys.argv[1])
PROGRAM = BUILD / "examples/replicated-store"
CACHE = (BUILD / "CMakeCache.txt").read_text(encoding="utf-8")
IS_SANITIZED = re.search("^MIOCO_SANITIZE:[A-Z]+=.+", CACHE, re.M) is not None


def run(*arguments, **settings):
    environment = {name: value for name, value in os.environ.items() if name not in ("MIOCO_SEED", "MIOCO_SIM_TRACE")} | settings
    return subprocess.run([PROGRAM, *map(str, arguments)], env=environment, capture_output=True, text=True, timeout=170, check=False)


THE_SAME = r"was ([0-9a-f]{16}) and is \1: the same happened\n"


class ReplicatedStore(unittest.TestCase):
    @unittest.skipIf(IS_SANITIZED, "it takes a thousand simulations")
    def test_the_mistake_is_found_and_happens_again(self):
        shown = run(100)
        self.assertEqual(shown.returncode, 0, shown)
        found = re.search(r"seed (\d+): an acknowledged write is lost: server ([abc]) said OK to SET (\S+) (\d+), "
                          r"but in the end server ([abc]) says NONE to GET \3\n  again: (?:MIOCO_MIGRATE=\w+ )?MIOCO_SEED=\1 ", shown.stdout)
        self.assertTrue(found, shown.stdout)
        _, server, key, value, last = found.groups()
        for event in ("network: server [abc] is cut off", rf"client\d: {server} says OK to SET {key} {value}",
                      rf"watchman: promotes {last} for epoch \d+", rf"auditor: {last} says NONE to GET {key}"):
            self.assertRegex(shown.stdout, rf"\n    \d+\.\d{{3}}  {event}\n")
        self.assertRegex(shown.stdout, r"\n    \d+\.\d{3}       [abc] partitioned #\d+ \d+\n")
        self.assertRegex(shown.stdout, THE_SAME)

        # The command that the failure tells, in a process of its own.
        again = run("--explore", MIOCO_SEED=found[1])
        self.assertEqual(again.returncode, 1, again)
        self.assertIn(found[0].partition("\n")[0], again.stdout)

    def test_a_seed_is_the_same_in_another_process(self):
        hashes = []
        for _ in range(2):
            told = run("--replay", 7)
            self.assertEqual(told.returncode, 0, told)
            self.assertRegex(told.stdout, THE_SAME)
            hashes.append(told.stdout)
        self.assertEqual(*hashes)
        self.assertNotIn(re.search(THE_SAME, told.stdout)[1], run("--replay", 8).stdout)

    def test_the_mended_store_loses_nothing(self):
        seeds = 20 if IS_SANITIZED else 300
        ended = run("--mended", seeds)
        self.assertEqual(ended.returncode, 0, ended)
        counted = re.fullmatch(r"(\d+) simulations with (\d+) acknowledged writes in \S+ s\n", ended.stdout)
        self.assertTrue(counted, ended)
        self.assertEqual(int(counted[1]), seeds)
        self.assertGreater(int(counted[2]), 10 * seeds)

    def test_real_sockets_find_nothing(self):
        rounds = 10 if IS_SANITIZED else 50
        ended = run("--real", rounds)
        self.assertEqual(ended.returncode, 0, ended)
        self.assertRegex(ended.stdout, rf"\A{rounds} rounds over 127\.0\.0\.1 with \d{{3,}} acknowledged writes in \S+ s: none was lost\n\Z")

    @unittest.skipIf(IS_SANITIZED, "two million events")
    def test_an_hour_passes(self):
        ended = run("--hour")
        self.assertEqual(ended.returncode, 0, ended)
        self.assertRegex(ended.stdout, r"\A36\d\d\.\d s of 36000 acknowledged writes ")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
