#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The documentation shows what compiles, names what exists, and links to what is there; and each mistake of those kinds is found."""

import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CHECK = ROOT / "scripts/check-docs"
PAGE = "docs/guide/time.md"
SNIPPETS = "docs/guide/snippets/time.cpp"


def complaints(root, *options):
    checked = subprocess.run([sys.executable, "-B", CHECK, *options, root], capture_output=True, text=True, timeout=170)
    assert (checked.returncode == 0) == (checked.stdout == ""), (checked.returncode, checked.stdout, checked.stderr)
    return checked.stdout.splitlines()


def a_tree(folder):
    """A small tree of the same shape: a page and its source."""
    root = pathlib.Path(folder)
    for name in (PAGE, SNIPPETS, "include/mioco/time.hpp"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / "CMakeLists.txt").write_text("")
    (root / "include/mioco/time.hpp").write_text("namespace mioco {\n// nap_for\nvoid sleep_for();\n}\n")
    (root / SNIPPETS).write_text("void f() {\n    // snippet: nap\n    mioco::sleep_for(1s);\n    // end\n}\n")
    (root / PAGE).write_text("# Time\n\n```cpp\nmioco::sleep_for(1s);\n```\n\n`mioco::sleep_for`, [above](#time)\n")
    return root


def check_that_it_finds(what, name, old, new):
    with tempfile.TemporaryDirectory() as folder:
        root = a_tree(folder)
        assert complaints(root) == []
        text = (root / name).read_text()
        assert old in text, (old, text)
        (root / name).write_text(text.replace(old, new, 1))
        found = complaints(root)
        assert len(found) == 1 and what in found[0], (what, found)


def check_that_it_writes():
    with tempfile.TemporaryDirectory() as folder:
        root = a_tree(folder)
        right = (root / PAGE).read_text()
        (root / PAGE).write_text(right.replace("(1s)", "(2s)"))
        assert complaints(root, "--write") == []
        assert (root / PAGE).read_text() == right


def main():
    assert complaints(ROOT) == [], "\n".join(complaints(ROOT))
    check_that_it_finds('is not "nap"', PAGE, "(1s)", "(2s)")
    check_that_it_finds('is not "nap"', SNIPPETS, "(1s)", "(2s)")
    check_that_it_finds("no region", PAGE, "`mioco", "```cpp\nint i;\n```\n\n`mioco")
    check_that_it_finds("stands in no block", SNIPPETS, "}\n", "// snippet: more\nint i;\n// end\n}\n")
    check_that_it_finds("no public header has mioco::nap_for", PAGE, "`mioco::sleep_for`", "`mioco::nap_for`")
    check_that_it_finds("no source has MIOCO_NAPS", PAGE, "`mioco::sleep_for`", "`MIOCO_NAPS`")
    check_that_it_finds("no test has the case nap.mutant_that_wakes", PAGE, "`mioco::sleep_for`", "`nap.mutant_that_wakes`")
    check_that_it_finds("there is no space.md", PAGE, "(#time)", "(space.md)")
    check_that_it_finds("has no heading #space", PAGE, "(#time)", "(#space)")
    check_that_it_writes()


if __name__ == "__main__":
    main()
