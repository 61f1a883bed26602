#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Draws results.json with gnuplot, as SVG and PNG:  charts.py RESULTS.JSON FOLDER"""

import argparse
import dataclasses
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

import ratios

# Case and figure (the first of the case where none is named) of what README shows first, and what they are called there.
HEADLINE = (("echo-128-pingpong", "", "Echo, 128 connections", "CPU of the server a request, µs"),
            ("echo-1", "round trip us", "Echo, 1 connection", "round trip, µs"),
            ("idle-memory", "", "An idle connection", "resident, without page tables, KiB"),
            ("echo-128-two-workers", "p99 us", "Echo, 2 workers, 128 connections", "p99, µs"),
            ("spawn_join", "", "Spawn and join", ""), ("skynet", "", "A million fibers, as a tree", "ns each, two workers"))
PERCENTILES = {"p50": "p50_us", "p99": "p99_us", "p99.9": "p99_9_us"}
COLUMNS = 2

# In pixels.
PANEL_WIDTH = 480
NAMES_WIDTH = 196
VALUES_WIDTH = 64
BAR_HEIGHT = 19
TITLE_HEIGHT = 50
SCALE_HEIGHT = 22
FOOT_HEIGHT = 46
LONG_TITLE, LONGEST_TITLE = 56, 80  # letters

GROUND, TEXT, FAINT, GRID, OURS, RIVAL = "#ffffff", "#1f2328", "#59636e", "#d1d9e0", "#0b6bcb", "#9aa7b4"
DARK = {GROUND: "#0d1117", TEXT: "#e6edf3", FAINT: "#9198a1", GRID: "#30363d", OURS: "#4aa3ff", RIVAL: "#5c6773"}


@dataclasses.dataclass(frozen=True)
class Bar:
    """The median of someone's rounds, and its 95 % interval."""

    who: str
    median: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class Panel:
    title: str
    unit: str
    bars: list

    @property
    def height(self):
        return TITLE_HEIGHT + BAR_HEIGHT * len(self.bars)


def is_ours(who):
    return who.startswith("mioco")


def in_letters(figure):
    """A figure's name as it is drawn."""
    return re.sub(r"\bus\b", "µs", figure)


def cut(title):
    return title if len(title) <= LONGEST_TITLE else title[:title.rfind(" ", 0, LONGEST_TITLE - 1)] + " …"


def digits(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def bars(samples, smaller_is_better=True):
    """The best first."""
    made = []
    for who, values in samples.items():
        low, high = ratios.interval(values) if len(values) > 1 else (values[0], values[0])
        made.append(Bar(who, statistics.median(values), low, high))
    return sorted(made, key=lambda bar: bar.median, reverse=not smaller_is_better)


def panel(case, figure="", title="", unit=""):
    """None where the case has no such figure, or nobody to compare with."""
    figures = case.get("figures", {})
    figure = figure or next(iter(figures), "")
    if len(figures.get(figure, {}).get("of", ())) < 2:
        return None
    smaller = figures[figure]["smaller_is_better"]
    return Panel(title or case["title"], (unit or in_letters(figure)) + ("" if smaller else " (more is better)"),
                 bars(figures[figure]["of"], smaller))


def kind(case):
    """Which picture a case belongs to, by what it is judged by."""
    figure = next(iter(case.get("figures", {})), "")
    if not figure:
        return None
    if "KiB" in figure:
        return "memory"
    return "micro" if re.search(r"\b(ns|ms|late)\b", figure) else "network"


def pictures(raw):
    """The panels of each, by the name of its file."""
    cases = raw["cases"]
    drawn = {"headline": [panel(cases[name], *how) for name, *how in HEADLINE if name in cases]}
    for name in ("network", "memory", "micro"):
        drawn[name] = [panel(case) for case in cases.values() if kind(case) == name]
    kept = {name: [one for one in panels if one] for name, panels in drawn.items()}
    return {name: panels for name, panels in kept.items() if panels}


def latencies(raw):
    """For each case that has them: for each server the medians of its percentiles."""
    found = {}
    for case in raw["cases"].values():
        if isinstance(case["samples"], dict) and case["samples"] and all(_has_percentiles(taken) for taken in case["samples"].values()):
            found[case["title"]] = {who: [statistics.median(sample[key] for sample in taken) for key in PERCENTILES.values()]
                                    for who, taken in case["samples"].items()}
    return found


def _has_percentiles(taken):
    return isinstance(taken, list) and bool(taken) and all(isinstance(sample, dict) and "p99_9_us" in sample for sample in taken)


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def foot(raw, how):
    """Two lines: how to read it, and what it was measured on."""
    facts = raw["machine"]
    where = ", ".join(facts[what] for what in ("processor", "kernel", "date") if what in facts)
    return how, where + (" (a quick run, not to be relied on)" if raw["quick"] else "")


def label(number, text, x, y, size, colour):
    return f"set label {number} {quoted(text)} at screen {x:.4f}, screen {y:.4f} left font ',{size}' textcolor rgb '{colour}' noenhanced"


class Sheet:
    """Panels in columns, each row as high as its highest panel, on a page."""

    def __init__(self, heights):
        self.heights = heights
        self.columns = min(COLUMNS, len(heights))
        self.rows = [max(heights[i:i + self.columns]) for i in range(0, len(heights), self.columns)]
        self.width = PANEL_WIDTH * self.columns
        self.height = sum(self.rows) + FOOT_HEIGHT

    def start(self, captions):
        return [f"set multiplot layout {len(self.rows)},{self.columns} rowsfirst", "set border 0", "set tics scale 0", "unset key",
                f"set tics textcolor rgb '{TEXT}'", f"set grid xtics lc rgb '{GRID}' lw 1 lt 1",
                *(label(8 + line, caption, 14 / self.width, (28 - 16 * line) / self.height, 10, FAINT)
                  for line, caption in enumerate(captions))]

    def place(self, index, title, unit):
        """Sets a panel's margins, in parts of the page, and writes its title above."""
        row, column = divmod(index, self.columns)
        top = 1 - sum(self.rows[:row]) / self.height
        left = column * PANEL_WIDTH
        return [f"set lmargin at screen {(left + NAMES_WIDTH) / self.width:.4f}",
                f"set rmargin at screen {(left + PANEL_WIDTH - VALUES_WIDTH) / self.width:.4f}",
                f"set tmargin at screen {top - TITLE_HEIGHT / self.height:.4f}",
                f"set bmargin at screen {top - self.heights[index] / self.height:.4f}",
                label(1, cut(title), (left + 14) / self.width, top - 18 / self.height, 11 if len(title) <= LONG_TITLE else 9, TEXT),
                label(2, unit, (left + 14) / self.width, top - 35 / self.height, 10, FAINT)]


def block_of(name, rows):
    """Lines of data: each row's place from above, its numbers, its colour, its name, its text."""
    lines = [f"${name} << END"]
    for y, (who, numbers, text) in enumerate(rows):
        colour = OURS if is_ours(who) else RIVAL
        lines.append(" ".join([str(-y), *(f"{number:.6g}" for number in numbers), f"0x{colour[1:]}", quoted(who), quoted(text)]))
    return [*lines, "END", f"set yrange [{0.5 - len(rows)}:0.5]", "set ytics noenhanced font ',11'"]


def bar_panel(name, drawn):
    """Lying bars, the value behind each; the whisker is the interval."""
    rows = [(bar.who, (bar.median, bar.low, bar.high), digits(bar.median)) for bar in drawn.bars]
    most = max(max(bar.high for bar in drawn.bars), 1e-9)
    plot = [f"${name} using ($2/2):1:(0):2:($1-0.36):($1+0.36):5:ytic(6) with boxxyerror fs solid 1 noborder lc rgb variable",
            f"${name} using ($4>$3?$2:NaN):1:3:4 with xerrorbars pt -1 lw 1.3 lc rgb '{TEXT}'",
            f"${name} using 4:1:7 with labels left offset 0.6, 0 font ',11' textcolor rgb '{TEXT}' noenhanced"]
    return [*block_of(name, rows), f"set xrange [0:{1.02 * most:.6g}]", "unset xtics", "plot " + ", ".join(plot)]


def latency_panel(name, of):
    """A line from p50 by p99 to p99.9 for each server, on a logarithmic scale."""
    rows = [(who, values, digits(values[1])) for who, values in sorted(of.items(), key=lambda item: item[1][1])]
    plot = [f"${name} using 2:1:($4-$2):(0):5:ytic(6) with vectors nohead lw 2 lc rgb variable"]
    plot += [f"${name} using {column}:1:5 with points pt {shape} ps {size} lc rgb variable" for column, shape, size in
             ((2, 7, 0.7), (3, 7, 1.4), (4, 5, 0.7))]
    return [*block_of(name, rows), "set logscale x", "set autoscale x", f"set xtics autofreq format '%.0s%c' font ',10' textcolor rgb '{FAINT}'",
            "plot " + ", ".join(plot)]


def script(raw, panels):
    """What gnuplot is to draw, and the size of it."""
    sheet = Sheet([one.height for one in panels])
    lines = sheet.start(foot(raw, "Less is better. Whiskers: 95 % interval of the median."))
    for index, one in enumerate(panels):
        lines += sheet.place(index, one.title, one.unit) + bar_panel(f"bars{index}", one) + ["unset label 8", "unset label 9"]
    return [*lines, "unset multiplot"], (sheet.width, sheet.height)


def latency_script(raw, found):
    sheet = Sheet([TITLE_HEIGHT + BAR_HEIGHT * len(of) for of in found.values()])
    sheet.rows = [height + SCALE_HEIGHT for height in sheet.rows]
    sheet.height += SCALE_HEIGHT * len(sheet.rows)
    lines = sheet.start(foot(raw, "From p50 (dot) by p99 (large dot) to p99.9 (square), by the p99. Less is better."))
    for index, (title, of) in enumerate(found.items()):
        lines += sheet.place(index, title, "latency of a request, µs") + latency_panel(f"latency{index}", of) + ["unset label 8", "unset label 9"]
    return [*lines, "unset multiplot"], (sheet.width, sheet.height)


def _forms(colour):
    """The ways in which gnuplot writes it."""
    parts = [int(colour[at:at + 2], 16) for at in (1, 3, 5)]
    return (colour, colour.upper(), "rgb({:3d}, {:3d}, {:3d})".format(*parts), "rgb({},{},{})".format(*parts))


def for_both_grounds(svg):
    """Has the picture follow the reader's light or dark theme."""
    rules = []
    for light, dark in DARK.items():
        for what in ("fill", "stroke", "color"):
            rules.append(", ".join(f"[{what}='{form}']" for form in _forms(light)) + f" {{ {what}: {dark}; }}")
    style = "<style>@media (prefers-color-scheme: dark) {\n" + "\n".join(rules) + "\n}</style>"
    return re.sub(r"<svg[^>]*>", lambda found: found.group() + "\n" + style, svg, count=1)


def draw(folder, name, lines, size):
    folder.mkdir(parents=True, exist_ok=True)
    width, height = size
    terminals = {"svg": f"svg size {width},{height} dynamic font 'sans-serif,12' background rgb '{GROUND}'",
                 "png": f"pngcairo size {2 * width},{2 * height} font 'sans-serif,12' fontscale 2 linewidth 2 background rgb '{GROUND}'"}
    for suffix, terminal in terminals.items():
        path = folder / f"{name}.{suffix}"
        text = "\n".join([f"set terminal {terminal}", "set encoding utf8", f"set output {quoted(str(path))}", *lines]) + "\n"
        done = subprocess.run(["gnuplot"], input=text, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"gnuplot could not draw {path}: {done.stderr.strip()}")
        if suffix == "svg":
            path.write_text(for_both_grounds(path.read_text(encoding="utf-8")), encoding="utf-8")


def write(folder, raw):
    """Draws all there is to draw; the names of the pictures."""
    if shutil.which("gnuplot") is None:
        raise FileNotFoundError("gnuplot is not installed")
    scripts = {name: script(raw, panels) for name, panels in pictures(raw).items()}
    found = latencies(raw)
    if found:
        scripts["latency"] = latency_script(raw, found)
    for name, (lines, size) in scripts.items():
        draw(folder, name, lines, size)
    return list(scripts)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=pathlib.Path, help="results.json of a run")
    parser.add_argument("folder", type=pathlib.Path, help="where the pictures go")
    arguments = parser.parse_args()
    print(*write(arguments.folder, json.loads(arguments.results.read_text(encoding="utf-8"))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
