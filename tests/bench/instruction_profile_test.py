#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""bench/instruction_profile.py divides what callgrind counted by source files.

Usage: instruction_profile_test.py BUILD_FOLDER. Nothing is counted here.
"""

import pathlib
import sys
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "bench"))

import instruction_cases
import instruction_profile as profile

REPORT = """\
--------------------------------------------------------------------------------
Profile data file '/tmp/out' (creator: callgrind-3.19.0)
--------------------------------------------------------------------------------
Ir
--------------------------------------------------------------------------------
{total:,} (100.0%)  PROGRAM TOTALS

--------------------------------------------------------------------------------
Ir                  file:function
--------------------------------------------------------------------------------
{first:,} (60.00%)  {here}/src/sched/worker.hpp:mioco::detail::worker::park(mioco::detail::fiber&) [/somewhere/echo]
    40 (20.00%)  {here}/src/sched/worker.hpp:mioco::yield() [/somewhere/echo]
    30 (15.00%)  ???:recv [/usr/lib/libc.so.6]
     1 ( 0.50%)  /usr/include/c++/12/bits/atomic_base.h:mioco::yield()
"""


def report(first):
    return REPORT.format(here=profile.ROOT, first=first, total=first + 71)


class Profile(unittest.TestCase):
    def test_adds_up_what_comes_from_one_file(self):
        costs = profile.costs_by_file(report(1_200))
        self.assertEqual(costs, {f"{profile.ROOT}/src/sched/worker.hpp": 1_240, "libc.so.6": 30,
                                 "/usr/include/c++/12/bits/atomic_base.h": 1})

    def test_tells_the_difference_of_two_runs_an_operation(self):
        with (mock.patch.dict(instruction_cases.MICRO, {"case": ("program", ("1",), ("11",), 10)}),
              mock.patch.object(profile, "measured", side_effect=[profile.costs_by_file(report(n)) for n in (1_000, 2_005)])):
            costs = profile.difference(mock.Mock(), "case")
        self.assertEqual(costs, {"src/sched/worker.hpp": 100.5, "libc.so.6": 0, "atomic_base.h": 0})
        lines = profile.table(costs).splitlines()
        self.assertIn("| `src/sched/worker.hpp` | 100.5 |", lines)
        self.assertEqual(lines[-2:], ["| others | 0.0 |", "| together | 100.5 |"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
