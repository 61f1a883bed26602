#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""docs/original.md is true, and scripts/check-original finds what would make it untrue: each row that goes missing, above all."""

import importlib.machinery
import importlib.util
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs/original.md").read_text(encoding="utf-8")


def load_check():
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader("check_original", str(ROOT / "scripts/check-original"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_original", loader))
    loader.exec_module(module)
    return module


check = load_check()


def check_that_it_finds(what, old, new):
    assert PAGE.count(old) >= 1, old
    found = [why for _, why in check.all_wrong(PAGE.replace(old, new, 1))]
    assert any(what in why for why in found), (what, found)


def check_that_no_row_may_go():
    sections = check.sections_of(check.rows_of(PAGE))
    assert sum(map(len, sections.values())) > 400, sections
    for heading, rows in sections.items():
        for gone in rows:
            assert list(check.wrong_section(heading, [row for row in rows if row is not gone])), f"nobody misses the row {gone[1]}"


def main():
    wrong = list(check.all_wrong(PAGE))
    assert not wrong, wrong
    check_that_no_row_may_go()
    check_that_it_finds("of this row alone", "| `start_threads` |", "| `start_fibers` |")
    check_that_it_finds("lacks `idx`", "`idx`, ", "")
    check_that_it_finds("neither a test", "| CI: `doc` |", "| `scripts/longtest` |")
    check_that_it_finds("has no such stage", "| CI: `doc` |", "| CI: `docs` |")
    check_that_it_finds("is no target", "by hand: `make longtest`", "by hand: `make longtests`")
    check_that_it_finds("neither a test", "| `unit/spawn/spawn.first_fiber_runs`", "| `unit/spawn/spawn.last_fiber_runs`")
    check_that_it_finds("is no test", "| `original/instance/instance.empty_handler` |", "| `src` |")
    check_that_it_finds("no test is named", "| `unit/join/join.done_tells_whether_it_would_wait` |", "| none |")
    check_that_it_finds("not what, and why?", "not: Windows", "not: too hard")
    check_that_it_finds('is empty', "| repaired |", "| |")


main()
