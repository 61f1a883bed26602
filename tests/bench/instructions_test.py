#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""bench/instructions.py --check fails when a count moved, and when an echoed message takes more than its limit; --compare fails when
a count is above that of another build.

Usage: instructions_test.py BUILD_FOLDER. Nothing is counted here.
"""

import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "bench"))

import instructions

LIMIT = instructions.LIMITS["echo"]


class Instructions(unittest.TestCase):
    def check(self, counts, stored):
        """The exit status, and what was said of the failure."""
        said = io.StringIO()
        with tempfile.TemporaryDirectory() as folder:
            store = pathlib.Path(folder) / "instructions.json"
            store.write_text(json.dumps({"compiler": "", "instructions": stored}), encoding="utf-8")
            with (mock.patch.object(instructions, "STORE", store),
                  mock.patch.object(instructions, "count_all", return_value=counts),
                  mock.patch.object(sys, "argv", ["instructions.py", folder, "--check"]),
                  contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said)):
                return instructions.main(), said.getvalue()

    def test_what_hardly_moved_is_good(self):
        self.assertEqual(self.check({"yield": 102, "echo": LIMIT}, {"yield": 100, "echo": LIMIT - 1}), (0, ""))

    def test_what_moved_fails(self):
        for count in (96, 104):
            status, said = self.check({"yield": count, "echo": 250}, {"yield": 100, "echo": 250})
            self.assertEqual(status, 1)
            self.assertIn("instruction counts moved: yield.", said)

    def test_an_echo_above_its_limit_fails_whatever_is_stored(self):
        for stored in (LIMIT - 1, LIMIT + 0.1):
            status, said = self.check({"yield": 100, "echo": LIMIT + 0.1}, {"yield": 100, "echo": stored})
            self.assertEqual(status, 1)
            self.assertIn(f"echo: {LIMIT + 0.1} instructions, above the limit of {LIMIT}", said)
            self.assertNotIn("moved", said)

    def compare(self, older, newer):
        said = io.StringIO()
        counts = {"older": older, "newer": newer}
        with (mock.patch.object(instructions, "count_all", side_effect=lambda of: counts[of.folder.name]),
              mock.patch.object(sys, "argv", ["instructions.py", "newer", "--compare", "older"]),
              contextlib.redirect_stdout(said), contextlib.redirect_stderr(said)):
            return instructions.main(), said.getvalue()

    def test_what_grew_beside_another_build_fails(self):
        status, said = self.compare({"yield": 100, "echo": 300}, {"yield": 101.2, "echo": 302})
        self.assertEqual(status, 1)
        self.assertIn("yield: 100 and 101.2 instructions, +1.20 %", said)
        self.assertIn("1 % more instructions: yield\n", said)

    def test_what_shrank_beside_another_build_is_good(self):
        status, said = self.compare({"yield": 100, "echo": 300}, {"yield": 90, "echo": 302})
        self.assertEqual(status, 0)
        self.assertIn("yield: 100 and 90 instructions, -10.00 %", said)

    def test_both_are_told(self):
        status, said = self.check({"yield": 200, "echo": LIMIT * 2}, {"yield": 100, "echo": LIMIT})
        self.assertEqual(status, 1)
        self.assertIn("above the limit", said)
        self.assertIn("instruction counts moved: yield, echo.", said)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
