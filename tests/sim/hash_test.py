#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""A run's trace depends on its seed alone: not on where things lie in memory, nor on what was there before."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

BUILD = pathlib.Path(sys.argv.pop(1))
PROGRAM = BUILD / "tests/sim/hash_program"
HAS_SANITIZER = re.search("^MIOCO_SANITIZE:[A-Z]+=.+", (BUILD / "CMakeCache.txt").read_text(), re.M) is not None
SEEDS = 50 if HAS_SANITIZER else 1000

# Of glibc's malloc: filled with a pattern, with other arenas, and large pieces mapped by themselves.
OTHER_MEMORY = {
    "MALLOC_PERTURB_": "85",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "4096",
    "MALLOC_TOP_PAD_": "1048576",
}
FIXED = ["setarch", "-R"]


def hashes(seeds, before=(), **environment):
    done = subprocess.run(
        [*before, PROGRAM, str(seeds)],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
        text=True,
    )
    return done.stdout.splitlines()


class Hashes(unittest.TestCase):
    def setUp(self):
        self.maxDiff = 1000

    def test_are_the_same_wherever_things_lie(self):
        first = hashes(SEEDS)
        self.assertEqual(len(first), SEEDS)
        self.assertEqual(len(set(first)), SEEDS, "each seed has a run of its own")
        self.assertEqual(first, hashes(SEEDS), "at other addresses")
        self.assertEqual(first, hashes(SEEDS, **OTHER_MEMORY), "with other memory")
        allowed = subprocess.run([*FIXED, "true"], capture_output=True, text=True, check=False)
        if allowed.returncode != 0:
            print(f"not at addresses that are always the same: {allowed.stderr.strip()}")
        else:
            self.assertEqual(first, hashes(SEEDS, FIXED), "at addresses that are always the same")

    def test_are_the_same_while_it_is_logged(self):
        seeds = SEEDS // 50
        self.assertEqual(hashes(seeds), hashes(seeds, MIOCO_LOG="1", MIOCO_SIM_TRACE="1"))


if __name__ == "__main__":
    unittest.main()
