#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""bench/charts.py picks from results what each picture shows, and writes what gnuplot can draw.

Usage: charts_test.py BUILD_FOLDER. Pictures are drawn where there is gnuplot.
"""

import pathlib
import shutil
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "bench"))

import charts
import measure
import report


def a_case(name, figure, of, samples=None):
    result = measure.Result(name, f"Case {name}", samples=samples or {})
    result.figure(figure, of)
    return result


def asked(p50):
    return [{"p50_us": p50 + i, "p99_us": 10 * p50, "p99_9_us": 100 * p50} for i in range(3)]


class Charts(unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.folder = pathlib.Path(made.name)
        results = [a_case("echo-128-pingpong", "CPU us a request", {"mioco": [4, 4.1, 4.2], "Boost \"Asio\"": [5, 5, 6]},
                          {"mioco": asked(50), "Go": asked(70)}),
                   a_case("idle-memory", "KiB an idle connection", {"mioco": [4.4], "raw epoll": [0.0]}),
                   a_case("spawn_join", "ns", {"Go": [300.0], "mioco": [80.0]}), measure.Result("left-out", "Left out")]
        self.raw = report.write(self.folder, {"processor": "a % b", "kernel": "6.1", "date": "today"}, results, quick=True)

    def test_each_case_is_in_its_picture(self):
        titles = {name: [panel.title for panel in panels] for name, panels in charts.pictures(self.raw).items()}
        self.assertEqual(titles, {"headline": ["Echo, 128 connections", "An idle connection", "Spawn and join"],
                                  "network": ["Case echo-128-pingpong"], "memory": ["Case idle-memory"], "micro": ["Case spawn_join"]})

    def test_the_least_stands_first_with_its_interval(self):
        self.assertEqual([bar.who for bar in charts.pictures(self.raw)["micro"][0].bars], ["mioco", "Go"])
        first = charts.pictures(self.raw)["network"][0].bars[0]
        self.assertEqual((first.who, first.median, first.low, first.high), ("mioco", 4.1, 4, 4.2))

    def test_where_more_is_better_the_most_stands_first(self):
        result = measure.Result("http", "HTTP")
        result.figure("requests a second", {"Go": [1], "mioco": [2]}, smaller_is_better=False)
        drawn = charts.panel({"title": result.title, "figures": result.figures})
        self.assertEqual(([bar.who for bar in drawn.bars], drawn.unit), (["mioco", "Go"], "requests a second (more is better)"))

    def test_latencies_are_the_medians_of_the_rounds(self):
        self.assertEqual(charts.latencies(self.raw), {"Case echo-128-pingpong": {"mioco": [51, 500, 5000], "Go": [71, 700, 7000]}})

    def test_a_quick_run_says_so(self):
        self.assertEqual(charts.foot(self.raw, "Less is better."), ("Less is better.", "a % b, 6.1, today (a quick run, not to be relied on)"))

    def test_nothing_gives_no_picture(self):
        self.assertEqual(charts.pictures({"cases": {}}), {})

    def test_who_has_no_rival_is_not_drawn(self):
        self.assertIsNone(charts.panel({"title": "A", "figures": {"ns": {"of": {"mioco": [1]}, "smaller_is_better": True}}}))

    def test_a_title_fits_its_panel(self):
        self.assertEqual(charts.cut("short"), "short")
        long = " ".join(["word"] * 40)
        self.assertLessEqual(len(charts.cut(long)), charts.LONGEST_TITLE)
        self.assertTrue(charts.cut(long).endswith("word …"))

    def test_values_have_three_digits(self):
        self.assertEqual([charts.digits(value) for value in (4.1, 15.94, 234.4)], ["4.10", "15.9", "234"])

    @unittest.skipUnless(shutil.which("gnuplot"), "there is no gnuplot")
    def test_pictures_are_drawn_in_both_forms_and_for_both_grounds(self):
        drawn = charts.write(self.folder / "charts", self.raw)
        self.assertEqual(drawn, ["headline", "network", "memory", "micro", "latency"])
        for name in drawn:
            self.assertTrue((self.folder / f"charts/{name}.png").read_bytes().startswith(b"\x89PNG"))
            text = (self.folder / f"charts/{name}.svg").read_text(encoding="utf-8")
            shown = " ".join(xml.etree.ElementTree.fromstring(text).itertext())
            self.assertIn("mioco", shown)
            self.assertIn("a % b", shown)
            self.assertIn("prefers-color-scheme: dark", text)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
