#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""bench/report.py and bench/run.py: a table of all verdicts, a case that is unsteady is measured again, and all of it is stored.

Usage: report_test.py BUILD_FOLDER. Nothing is measured here.
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

import measure
import report
import run

STEADY = [5.0, 5.1, 5.0, 5.1, 5.0]
CPU = "CPU us a request"


def a_result(name="echo-1", **of):
    result = measure.Result(name, f"Case {name}", taken="2026-11-26 10:00")
    result.figure(CPU, of)
    return result


class Report(unittest.TestCase):
    def test_begins_with_the_verdicts_of_all_cases(self):
        results = [a_result("a", mioco=STEADY, Go=[2 * s for s in STEADY]), a_result("b", mioco=STEADY, Node=[s / 2 for s in STEADY])]
        micro = measure.Result("yield", "Yield")
        micro.figure("ns", {"mioco": STEADY, "Boost.Fiber": [4 * s for s in STEADY]})
        results.append(micro)
        told = report.markdown({"kernel": "6.1"}, results, quick=False)
        self.assertIn("| case | Go | Node |\n|---|---:|---:|\n| a: CPU us a request | 0.50 ahead |  |\n"
                      "| b: CPU us a request |  | 2.00 **behind** |\n", told)
        self.assertIn("### Within a process\n\n| case | Boost.Fiber |\n|---|---:|\n| yield: ns | 0.25 ahead |\n", told)
        self.assertLess(told.index("## Summary"), told.index("| kernel |"))

    def test_a_case_tells_the_interval(self):
        told = report.markdown({}, [a_result(mioco=STEADY, Go=[2 * s for s in STEADY])], quick=False)
        self.assertIn("| mioco's to that of | CPU us a request |\n|---|---:|\n| Go | 0.500 (0.500 to 0.500), ahead |\n", told)

    def test_few_rounds_have_a_ratio_without_verdict(self):
        told = report.markdown({}, [a_result(mioco=[1], Go=[2])], quick=True)
        self.assertIn("| Go | 0.500 |\n", told)
        self.assertNotIn("ahead |", told)

    def test_a_case_whose_rounds_lie_far_apart_says_so(self):
        told = report.markdown({}, [a_result(mioco=STEADY, Go=[4.0, 5.0, 6.0, 5.0, 7.0])], quick=False)
        self.assertIn("**not steady**: the middle half of Go's rounds lay 20 % apart", told)
        self.assertNotIn("not steady", report.markdown({}, [a_result(mioco=STEADY, Go=STEADY)], quick=False))

    def test_what_is_stored_is_read_again(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            result = a_result(mioco=STEADY, Go=[2 * s for s in STEADY])
            report.write(folder, {}, [result], quick=False)
            stored = json.loads((folder / "results.json").read_text(encoding="utf-8"))
            self.assertEqual(stored["cases"]["echo-1"]["comparisons"][CPU]["Go"]["verdict"], "ahead")
            self.assertEqual(report.read(folder), {"echo-1": result})

    def test_a_limit_of_none_is_told(self):
        self.assertEqual(report.check_line(measure.Check("so many", 2, 0)), "so many: 2, at most 0: **not met**")

    def test_an_aim_tells_its_distance_and_is_no_failure(self):
        for value, told in ((9, "aim missed, by 12.5 %"), (8, "aim reached")):
            self.assertEqual(report.check_line(measure.Check("yield", value, 8, "ns", aim=True)), f"yield: {value} ns, at most 8 ns: {told}")


class Choose(unittest.TestCase):
    def choose(self, *wanted):
        with mock.patch.object(run, "CASES", dict.fromkeys(["echo-1", "echo-128", "echo-1000", "yield"])):
            return run.choose(wanted)

    def test_a_name_is_that_case_and_a_prefix_all_of_its_cases(self):
        self.assertEqual(self.choose("echo-1"), ["echo-1"])
        self.assertEqual(self.choose("yield", "echo"), ["echo-1", "echo-128", "echo-1000", "yield"])

    def test_what_is_no_case_is_refused(self):
        with self.assertRaises(KeyError):
            self.choose("yield", "ecco")


class Again(unittest.TestCase):
    WIDE, WIDER = [4.0, 5.0, 6.0, 5.0, 7.0], [3.0, 5.0, 8.0, 5.0, 9.0]

    def measured(self, tries, quick=False, most=run.MOST_TRIES):
        """The result of a case that gives these rounds, one after the other, and how many it was asked for."""
        case = mock.Mock(side_effect=[a_result(mioco=samples) for samples in tries])
        with mock.patch.object(run, "CASES", {"echo-1": case}), contextlib.redirect_stderr(io.StringIO()):
            return run.measure_case(run.Run(None, quick, most), "echo-1"), case.call_count

    def test_a_steady_case_is_measured_once(self):
        result, tries = self.measured([STEADY])
        self.assertEqual((tries, result.notes), (1, []))

    def test_an_unsteady_one_again_and_that_is_told(self):
        result, tries = self.measured([self.WIDE, STEADY])
        self.assertEqual((tries, result.figures[CPU]["of"]["mioco"]), (2, STEADY))
        self.assertIn("Measured 2 times", result.notes[0])
        self.assertIn("20 % (mioco), 2 % (mioco)", result.notes[0])

    def test_where_none_is_steady_the_steadiest_is_kept(self):
        result, tries = self.measured([self.WIDER, self.WIDE, self.WIDER])
        self.assertEqual((tries, result.figures[CPU]["of"]["mioco"]), (3, self.WIDE))

    def test_never_is_refused(self):
        said = io.StringIO()
        with (mock.patch.object(sys, "argv", ["run.py", "build", "--tries", "0"]), contextlib.redirect_stderr(said),
              self.assertRaises(SystemExit)):
            run.parse_arguments()
        self.assertIn("--tries 0", said.getvalue())

    def test_no_more_often_than_asked_for(self):
        self.assertEqual(self.measured([self.WIDE], most=1)[1], 1)

    def test_a_quick_run_measures_once(self):
        self.assertEqual(self.measured([self.WIDE], quick=True)[1], 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
