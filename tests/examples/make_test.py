#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""`make NAME` builds and starts each example, with ADDRESS and ARGS as its arguments. Gets the build folder as argument.

The Makefile is the real one, in a tree of its own whose `cmake` and `install-deps` only tell how they were called: so nothing is built
beside other tests. The programs are those of the build folder.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(sys.argv[1]).resolve()
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.cpp"))

# What ends by itself: its arguments to make, and what it prints. All others are servers.
ENDING = {
    "asio": ([], "Asio has nothing left to do"),
    "channel_sync": (["ARGS=5 0"], "Enter something:"),
    "curl": ([], "/missing: The requested URL returned error: 404"),
    "descriptors": ([], ""),
    "fibers": ([], "a thousand fibers returned 500500 in all"),
    "file": ([f"ARGS={ROOT}/LICENSE"], "Mozilla Public License"),
    "filter": ([], "1 apple"),
    "future": ([], "a thread gave 7"),
    "local": ([], "got a datagram"),
    "offload": ([], "15 characters"),
    "own_case": ([], "none left"),
    "priorities": ([], "clean up: step 2"),
    "replicated-store": (["ARGS=--mended 5"], "5 simulations with"),
    "select": ([], "6 jobs done"),
    "shutdown": ([], "0 fibers are left"),
}

# What else is installed for it.
NEEDED = {"asio": " bridges", "curl": " bridges", "http-server": " http"}


class Tree:
    def __init__(self, folder):
        self.root = pathlib.Path(folder)
        self.log = self.root / "calls"
        for name in ("Makefile", "examples", "scripts/run-foreground"):
            self.link(name, ROOT / name)
        self.link("build/release", BUILD)
        for name in ("scripts/install-deps", "bin/cmake"):
            path = self.root / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(f'#!/bin/sh\necho "{path.name} $*" >>"{self.log}"\n', encoding="utf-8")
            path.chmod(0o755)

    def link(self, name, target):
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        path.symlink_to(target)

    def make(self, *arguments):
        """What make did, and how it called the two."""
        self.log.write_text("", encoding="utf-8")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "ARGS", "ADDRESS"))}
        environment["LC_ALL"] = "C"
        environment["PATH"] = f"{self.root}/bin:{environment['PATH']}"
        done = subprocess.run(["make", "JOBS=1", *arguments], cwd=self.root, env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=170, check=False)
        return done, self.log.read_text(encoding="utf-8").splitlines()


class Make(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.tree = Tree(cls.folder.name)

    def check_calls(self, name, calls):
        needed = "install-deps build" + NEEDED.get(name, "")
        built = f"cmake --build build/release -j1 --target example_{name}"
        self.assertEqual([call.rstrip() for call in calls], [needed, built])

    def test_each_example_that_ends_is_started(self):
        for name, (arguments, printed) in ENDING.items():
            with self.subTest(name):
                done, calls = self.tree.make(name, *arguments)
                self.assertEqual(done.returncode, 0, done)
                self.assertIn(printed, done.stdout)
                self.check_calls(name, calls)

    def test_each_server_is_started_with_the_address(self):
        servers = [name for name in EXAMPLES if name not in ENDING]
        self.assertEqual(len(servers), 9, servers)
        for name in servers:
            # Where nothing can listen, so that they end.
            address = "/nowhere/at/all" if name == "unixecho" else "nowhere:1"
            with self.subTest(name):
                done, calls = self.tree.make(name, f"ADDRESS={address}")
                self.assertEqual(done.returncode, 2, done)
                self.assertRegex(done.stderr, rf"\A{name}: mioco: .*{address}.*\nmake: \*\*\* .* Error 1\n\Z")
                self.check_calls(name, calls)

    def test_the_demonstration_is_started(self):
        done, calls = self.tree.make("sim-demo", "ARGS=--mended 5")
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("5 simulations with", done.stdout)
        self.check_calls("replicated-store", calls)

    def test_the_first_start_configures(self):
        with tempfile.TemporaryDirectory() as folder:
            tree = Tree(folder)
            (tree.root / "build/release").unlink()
            _, calls = tree.make("fibers")
            self.assertEqual(calls[1], "cmake --preset release -DMIOCO_TESTS=OFF -DMIOCO_TOOLS=OFF")

    def test_help_lists_them_all(self):
        for arguments in ([], ["help"]):
            done, _ = self.tree.make(*arguments)
            self.assertEqual(done.returncode, 0, done)
            for name in EXAMPLES:
                self.assertRegex(done.stdout, rf"(?m)(^| ){re.escape(name)}( |$)")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
